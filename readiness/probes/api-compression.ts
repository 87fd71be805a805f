// API-06: answers as their bytes come, by what the caller says that it takes.
import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { invoke, make } from './scene.ts'

const codings = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }
type Coding = keyof typeof codings
type Sent = { status: number; bytes: Buffer; field(name: string): string | undefined }
type Asked = { method?: string; headers?: Record<string, string>; body?: string }

/** An answer before anything is unpacked. */
function fetchBytes(url: string, accepts: string | undefined, { method = 'GET', headers = {}, body }: Asked = {}) {
  const accept = accepts !== undefined && { 'accept-encoding': accepts }
  return new Promise<Sent>((resolve, reject) => {
    const signal = AbortSignal.timeout(15_000)
    const sent = request(url, { method, headers: { ...headers, ...accept }, signal }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.once('error', reject)
      answer.once('end', () => {
        const field = (name: string) => answer.headers[name]?.toString()
        resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks), field })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

export async function longAnswersAreCompressed(context: Context): Promise<Evidence> {
  const { api } = context
  const client = await api.as('client')
  const { id } = await make(client.call, 'createJob', { body: longJob() })
  await make(client.call, 'publishJob', { part: id })
  const urls = [`${api.url}/v1/jobs/${id}`, `${api.url}/v1/jobs?clientId=${client.id}`, `${api.url}/openapi.json`]
  const sizes: number[] = []
  for (const url of urls) {
    const plain = await fetchBytes(url, undefined)
    if (plain.status !== 200 || plain.bytes.length <= 1024) red('nothing-to-compress', `${url}: ${plain.bytes.length}`)
    for (const coding of Object.keys(codings) as Coding[]) {
      const packed = await fetchBytes(url, coding)
      isPacked(`${url} ${coding}`, packed, coding, plain)
      sizes.push(Math.round((packed.bytes.length / plain.bytes.length) * 100))
    }
    isPlain(url, plain)
    for (const accepts of ['identity', 'br;q=0', 'compress']) isPlain(url, await fetchBytes(url, accepts))
    const browser = (await fetchBytes(url, 'gzip, deflate, br, zstd')).field('content-encoding')
    if (browser !== 'br') red('another-coding', `a browser gets ${browser}`)
  }
  const short = await fetchBytes(`${api.url}/health/live`, 'br, gzip')
  if (short.field('content-encoding')) red('short-answer-compressed', `${short.bytes.length} bytes`)
  await tagsTellCodingsApart(`${api.url}/v1/jobs/${id}`, client, id)
  await answersWithTokensStayPlain(context, client)
  return { answers: urls.length, codings: Object.keys(codings), percentOfPlain: sizes }
}

const longJob = () => ({
  title: 'A long story',
  description: 'White, and one red ring above the other, up to the light. '.repeat(60),
  category: 'operations',
  skills: ['painting'],
  budget: { amount: 125_000, currency: 'EUR' },
})

function isPlain(url: string, { bytes, field }: Sent): void {
  if (field('content-encoding')) red('compressed-unasked', `${url}: ${field('content-encoding')}`)
  if (!/accept-encoding/i.test(field('vary') ?? '')) red('not-varied', `${url}: ${field('vary')}`)
  JSON.parse(bytes.toString())
}

function isPacked(what: string, { status, bytes, field }: Sent, coding: Coding, plain: Sent): void {
  if (field('content-encoding') !== coding) red('not-compressed', `${what}: ${status} ${field('content-encoding')}`)
  if (!/accept-encoding/i.test(field('vary') ?? '')) red('not-varied', `${what}: ${field('vary')}`)
  if (bytes.length >= plain.bytes.length) red('not-shorter', `${what}: ${bytes.length} of ${plain.bytes.length}`)
  if (!codings[coding](bytes).equals(plain.bytes)) red('not-the-same', what)
}

/** A strong tag names bytes, so each coding has one of its own; each is known again, by reads and by changes. */
async function tagsTellCodingsApart(url: string, { call, token }: Person, id: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const tagOf = async (accepts?: string) => (await fetchBytes(url, accepts, { headers })).field('etag') ?? red('no-tag')
  const tags = await Promise.all([undefined, 'br', 'gzip'].map(tagOf))
  if (new Set(tags).size !== tags.length) red('tags-alike', tags.join())
  for (const [at, accepts] of [undefined, 'br', 'gzip'].entries()) {
    const again = { headers: { ...headers, 'if-none-match': tags[at] ?? '' } }
    const { status, field, bytes } = await fetchBytes(url, accepts, again)
    if (status !== 304 || bytes.length > 0) red('own-tag-not-known', `${tags[at]}: ${status}`)
    if (field('etag') !== tags[at]) red('another-tag', `${tags[at]}: ${field('etag')}`)
  }
  const body = { title: 'A longer story' }
  const { status } = await invoke(call, 'editJob', { part: id, body, headers: { 'if-match': tags[1] ?? '' } })
  if (status !== 200) red('own-tag-not-known', `If-Match ${tags[1]}: ${status}`)
}

/** On an API that compresses everything else, however short. */
async function answersWithTokensStayPlain({ startApi }: Context, { email, password }: Person): Promise<void> {
  const { url } = await startApi({ COMPRESS_FROM_BYTES: '1' })
  const live = await fetchBytes(`${url}/health/live`, 'br')
  if (!live.field('content-encoding')) red('not-compressed', 'with a floor of one byte')
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ email, password })
  const signedIn = await fetchBytes(`${url}/v1/auth/login`, 'br', { method: 'POST', headers, body })
  if (signedIn.status !== 200 || signedIn.field('content-encoding')) red('token-compressed', String(signedIn.status))
}
