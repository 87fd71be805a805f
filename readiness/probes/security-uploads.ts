// SEC-39: files that people upload, from outside: what is taken, what becomes of it, and how it is given back.
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { docx, pdf, zip } from '../../tools/sample-files.ts'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'
import { make } from './scene.ts'

type File = { bytes: Buffer | string; name?: string; type?: string; key?: string }
type Made = { id: string; name: string; mediaType: string }
type Scene = { context: Context; owner: Person; folder: string }

/** Where nothing else is set. */
const [mostBytes, mostFiles] = [5_242_880, 10]
const chance = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Each with the name and the Content-Type of a résumé. */
const disguised: Record<string, Buffer | string> = {
  page: '<!doctype html><script>alert(1)</script>',
  picture: '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
  script: '#!/bin/sh\nid\n',
  program: Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]),
  'zip that is called a document': zip({ 'word/document.xml': '<w:document/>' }),
  'page before a PDF': Buffer.concat([Buffer.from('<html>'), pdf()]),
  text: 'I have painted nine lighthouses.',
}

export async function uploadsAreHarmless(context: Context): Promise<Evidence> {
  const { api, env } = context
  const folder = String(env.UPLOADS_URL).slice('file:'.length)
  const owner = await api.as('worker')
  const scene = { context, owner, folder }
  const refused = await onlyBytesSayWhatItIs(scene)
  await sizesAreBounded(scene)
  const made = await namesMeanNothing(scene)
  await answersRunNowhere(scene, made)
  await othersMeetNothing(scene, made)
  const kept = await numbersAreBounded(scene)
  await removedBytesGo(scene)
  await nothingIsHalfDone(scene)
  return { refusedDisguises: refused, mostBytes, keptOfTwiceAsMany: kept, storedAs: 'a random UUID, 0600 in 0700' }
}

function send(call: Call, { bytes, name = 'cv.pdf', type = 'application/pdf', key }: File): Promise<Answer> {
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name)}`
  const headers = { 'content-type': type, 'content-disposition': disposition }
  return call('POST', '/v1/me/uploads', { raw: bytes, headers, ...(key && { key }) })
}

async function keep(call: Call, file: File, reason = 'refused'): Promise<Made> {
  const answer = await send(call, file)
  return answer.status === 201 ? answer.json<Made>() : red(reason, `${answer.status} ${answer.text.slice(0, 300)}`)
}

const filesIn = (folder: string) => readdir(folder).catch((): string[] => [])
const objectOf = async ({ sql }: Context, id: string) =>
  (await sql.owner<{ object: string }>('SELECT object FROM uploads WHERE id = $1', [id]))[0]?.object ?? ''

async function onlyBytesSayWhatItIs({ context, owner: { call, id }, folder }: Scene): Promise<number> {
  const before = await filesIn(folder)
  for (const [what, bytes] of Object.entries(disguised)) {
    const { status } = await send(call, { bytes })
    if (status !== 415) red('disguise-taken', `${what}: ${status}`)
  }
  for (const type of ['text/html', 'image/png', 'application/json']) {
    const { status } = await send(call, { bytes: pdf(), type })
    if (status !== 415) red('contradiction-taken', `${type}: ${status}`)
  }
  const empty = await send(call, { bytes: '' })
  if (empty.status !== 400) red('empty-taken', String(empty.status))
  if ((await filesIn(folder)).length !== before.length) red('refused-bytes-kept', folder)
  await context.until('refusal-not-recorded', () =>
    context.logs.lines().some((line) => line.security === 'upload.refused' && line.actorId === id),
  )
  const named = await keep(call, { bytes: docx(), name: 'cv.pdf', type: 'application/octet-stream' }, 'name-counts')
  if (!named.mediaType.endsWith('wordprocessingml.document')) red('name-counts', named.mediaType)
  await make(call, 'deleteUpload', { part: named.id })
  return Object.keys(disguised).length
}

async function sizesAreBounded({ context: { api }, owner }: Scene): Promise<void> {
  const { call, token } = owner
  const head = (more: string) =>
    `POST /v1/me/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nIdempotency-Key: ${randomUUID()}\r\nConnection: close\r\n${more}\r\n\r\n`
  const long = `${pdf()}`.padEnd(mostBytes + 1)
  const chunks = `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`
  const large = await callRaw(api.url, `${head('Transfer-Encoding: chunked')}${chunks}`)
  if (large.status !== 413) red('too-large-taken', String(large.status))
  if (!large.text.includes(String(mostBytes))) red('limit-not-named', large.text.slice(0, 300))
  // Nothing follows: who waits for it is late.
  const declared = await callRaw(api.url, head(`Content-Length: ${mostBytes + 1}`))
  if (declared.status !== 413) red('read-before-refused', String(declared.status))
  const other = await call('PATCH', '/v1/me', { body: { name: 'a'.repeat(70_000) }, headers: { 'if-match': '*' } })
  if (other.status !== 413) red('other-routes-take-more', String(other.status))
}

async function namesMeanNothing({ context, owner: { call }, folder }: Scene): Promise<Made> {
  const beside = await filesIn(join(folder, '..'))
  const made = await keep(call, { bytes: pdf(), name: '../../planted\r\nSet-Cookie: planted=1\r\n\r\n<b>.html' })
  const newest = (await filesIn(folder)).filter((name) => !chance.test(name))
  if (newest.length > 0) red('name-from-caller', newest.join())
  const object = await objectOf(context, made.id)
  if (object === made.id || !(await filesIn(folder)).includes(object)) red('name-can-be-guessed', object)
  if ((await filesIn(join(folder, '..'))).join() !== beside.join()) red('written-elsewhere')
  if (/[/\\\p{Cc}]/u.test(made.name) || !made.name.endsWith('.pdf')) red('name-not-cleaned', made.name)
  const modes = [await stat(folder), await stat(join(folder, object))].map(({ mode }) => (mode & 0o777).toString(8))
  if (modes.join() !== '700,600') red('readable-by-others', modes.join())
  if (!(await readFile(join(folder, object))).equals(pdf())) red('bytes-changed')
  return made
}

async function answersRunNowhere({ context, owner: { call } }: Scene, { id, mediaType }: Made): Promise<void> {
  const answer = await call('GET', `/v1/me/uploads/${id}/content`)
  const field = (name: string) => answer.field(name) ?? ''
  if (answer.status !== 200 || answer.text !== pdf().toString()) red('bytes-changed', String(answer.status))
  if (!/^attachment; filename/.test(field('content-disposition'))) red('shown-in-place', field('content-disposition'))
  if (field('content-type') !== mediaType || mediaType !== 'application/pdf')
    red('type-of-caller', field('content-type'))
  if (field('x-content-type-options') !== 'nosniff') red('may-be-sniffed')
  const policy = field('content-security-policy')
  if (!/\bsandbox\b/.test(policy) || !policy.includes("default-src 'none'")) red('may-run', policy)
  if (!/\bno-store\b/.test(field('cache-control'))) red('may-be-stored', field('cache-control'))
  if (answer.fields('set-cookie').length > 0) red('field-planted')
  const object = await objectOf(context, id)
  for (const path of [
    `/${object}`,
    `/uploads/${object}`,
    `/docs/static/../../uploads/${object}`,
    `/v1/me/uploads/${object}`,
  ]) {
    const { status } = await call('GET', path)
    if (status !== 404) red('served-as-a-file', `${path}: ${status}`)
  }
}

async function othersMeetNothing({ context: { api }, owner }: Scene, { id }: Made): Promise<void> {
  const [other, admin] = await Promise.all([api.as('worker'), api.as('admin')])
  for (const { call, role } of [other, admin]) {
    for (const path of ['', '/content']) {
      const { status } = await call('GET', `/v1/me/uploads/${id}${path}`)
      if (status !== 404) red('shown-to-another', `${role} ${path}: ${status}`)
    }
    const { status } = await call('DELETE', `/v1/me/uploads/${id}`)
    if (status !== 404) red('done-for-another', `${role}: ${status}`)
  }
  const stranger = await api.anonymous('GET', `/v1/me/uploads/${id}/content`)
  if (stranger.status !== 401) red('shown-to-another', `a stranger: ${stranger.status}`)
  await make(owner.call, 'deleteUpload', { part: id })
}

async function numbersAreBounded({ context: { api } }: Scene): Promise<number> {
  const { call } = await api.as('worker')
  const answers = await Promise.all(Array.from({ length: 2 * mostFiles }, (_, n) => send(call, { bytes: pdf(`${n}`) })))
  // 503: who waits for the others may wait longer than they are let, on a busy machine.
  const odd = answers.find(({ status }) => ![201, 409, 503].includes(status))
  if (odd) red('fails-at-once', `${odd.status} ${odd.text.slice(0, 300)}`)
  while (answers.filter(({ status }) => status === 201).length < mostFiles) {
    const more = await send(call, { bytes: pdf() })
    if (more.status !== 201) red('fewer-than-allowed', `${more.status} ${more.text.slice(0, 300)}`)
    answers.push(more)
  }
  const { status } = await send(call, { bytes: pdf() })
  const { data } = (await call('GET', '/v1/me/uploads?limit=100')).json<{ data: Made[] }>()
  if (data.length !== mostFiles || status !== 409) red('more-than-allowed', `${data.length}, and then ${status}`)
  return data.length
}

async function removedBytesGo({ context, owner: { call }, folder }: Scene): Promise<void> {
  const removed = await keep(call, { bytes: pdf() })
  const object = await objectOf(context, removed.id)
  await make(call, 'deleteUpload', { part: removed.id })
  if ((await call('GET', `/v1/me/uploads/${removed.id}/content`)).status !== 404) red('shown-after-removal')
  await context.until('bytes-stay', async () => !(await filesIn(folder)).includes(object))

  // As a process leaves it that dies after the bytes came, and before that was written down.
  const died = await keep(call, { bytes: pdf() })
  const orphan = await objectOf(context, died.id)
  await context.sql.owner(
    "UPDATE uploads SET stored_at = NULL, attempted_at = now() - interval '2 hours' WHERE id = $1",
    [died.id],
  )
  const { code, said } = await context.finish(['src/purge.ts'])
  if (code !== 0) red('purge-fails', said.slice(-500))
  if ((await filesIn(folder)).includes(orphan)) red('orphan-stays')
}

/** A file where the folder was: whatever is tried there fails. */
async function nothingIsHalfDone({ context, owner: { call, id }, folder }: Scene): Promise<void> {
  const key = randomUUID()
  await rename(folder, `${folder}-away`)
  await writeFile(folder, '')
  const away = await send(call, { bytes: pdf(), key })
  await rm(folder)
  await rename(`${folder}-away`, folder)
  if (away.status !== 503 || !Number(away.field('retry-after')))
    red('no-503', `${away.status} ${away.text.slice(0, 200)}`)
  const rows = await context.sql.owner('SELECT FROM uploads WHERE user_id = $1 AND removed_at IS NULL', [id])
  if (rows.length > 0) red('half-done', `${rows.length} rows`)
  await keep(call, { bytes: pdf(), key }, 'key-spent')
}
