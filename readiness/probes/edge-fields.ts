// What the edge hands on of a request, adds to an answer, and writes down.
import { randomUUID } from 'node:crypto'
import { request } from 'node:https'
import { brotliDecompressSync } from 'node:zlib'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { isProblem } from './api-problems.ts'
import type { Edge } from './edge-scene.ts'

/** Request id, address and trace: what a stranger says of himself counts only where it may. */
export async function knowsItsCallers({ logs, until }: Context, { from, lineOf, raw, nginx }: Edge) {
  const [one, two] = [from(), from()]
  const see = async (caller = one, headers: Record<string, string> = {}) => {
    const answer = await caller.call('GET', '/v1/jobs?limit=1', { headers })
    const id = answer.field('x-request-id')
    const line = await until('request-id-lost', () => logs.lines().find((each) => each.requestId === id && each.path))
    return { answer, id, address: line.addressHash, edge: await lineOf(id) }
  }
  const id = randomUUID()
  const mine = await see(one, { 'x-request-id': id })
  if (mine.id !== id) red('request-id-not-kept', mine.id)
  // The edge would write it down itself: a reader of its log must not be misled.
  for (const forged of ['short', `${id} and more`, 'x'.repeat(65)]) {
    const other = await see(one, { 'x-request-id': forged })
    if (other.id === forged) red('request-id-forged', forged)
  }
  const other = await see(two)
  if (other.address === mine.address) red('addresses-not-told-apart')
  const chains = ['203.0.113.7', '203.0.113.7, 127.0.0.1', '127.0.0.1, 203.0.113.7']
  for (const chain of chains) {
    const forged = await see(one, { 'x-forwarded-for': chain, 'x-real-ip': chain, forwarded: `for=${chain}` })
    if (forged.address !== mine.address) red('chain-believed', chain)
  }
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const traced = await see(one, { traceparent: `00-${trace}-b7ad6b7169203331-01`, baggage: 'a=b' })
  if (traced.answer.field('traceresponse')?.includes(trace)) red('strange-trace-kept')

  for (const { edge } of [mine, other, traced]) {
    if (/limit=|\?/.test(JSON.stringify(edge))) red('query-in-log', JSON.stringify(edge))
    if (!/^\d+\.\d+\.\d+\.0$/.test(String(edge.network))) red('address-in-log', String(edge.network))
    if (edge.status !== '200' || !edge.replica || edge.path !== '/v1/jobs') red('log-lacks', JSON.stringify(edge))
  }
  const quoted = await raw(`GET /"x\\ HTTP/1.1\r\nHost: ${new URL(nginx.url).host}\r\nConnection: close\r\n\r\n`)
  JSON.parse(quoted.slice(quoted.indexOf('\r\n\r\n')))
  return { chainsIgnored: chains.length, logged: Object.keys(mine.edge) }
}

/** Security fields once, compression once, what is too large not at all, and nothing of the inside. */
export async function answersAsTheServiceWould({ from, lineOf, nginx }: Edge) {
  const { call } = from()
  const see = (path: string) => get(nginx.url + path, nginx.ca)
  const document = await see('/openapi.json')
  for (const [name, values] of document.fields) if (values.length > 1) red('fields-doubled', `${name}: ${values}`)
  if (!document.fields.has('strict-transport-security')) red('no-hsts')
  if (document.fields.get('content-encoding')?.join() !== 'br') red('not-compressed')
  JSON.parse(brotliDecompressSync(document.bytes).toString())

  const closed = ['/metrics', '/health/ready', '/health/status', '/ready', '/health//ready', '/health/%72eady']
  for (const path of closed) {
    const { status } = await call('GET', path)
    if (status !== 404) red('inside-open', `${path}: ${status}`)
  }
  if ((await call('GET', '/health/live')).status !== 200) red('live-closed')

  const large = await call('POST', '/v1/auth/login', { raw: 'x'.repeat(70_000) })
  isProblem(large, 413, '/v1/auth/login')
  if ((await lineOf(large.field('x-request-id'))).replica) red('large-body-passed')
  isProblem(await call('GET', '/health/ready'), 404, '/health/ready')
  const [service, edge] = [(await see('/nowhere')).fields, (await see('/health/ready')).fields]
  const shared = [...service].filter(([name]) => !ofOneAnswer.has(name))
  for (const [name, values] of shared)
    if (edge.get(name)?.join() !== values.join()) red('own-answer-differs', `${name}: ${values}, ${edge.get(name)}`)
  return { closed, coding: 'br', fieldsOfBoth: shared.map(([name]) => name) }
}

/** What is no rule, but says something of one answer, its caller or its connection. */
const ofOneAnswer = new Set([
  ...['connection', 'content-length', 'date', 'server', 'traceresponse', 'vary', 'x-request-id'],
  ...['ratelimit', 'ratelimit-policy', 'content-type'],
])

function get(url: string, ca: string): Promise<{ fields: Map<string, string[]>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false, headers: { 'accept-encoding': 'br' } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.once('end', () => {
        const fields = new Map<string, string[]>()
        for (const [name, values = []] of Object.entries(answer.headersDistinct)) fields.set(name, values)
        resolve({ fields, bytes: Buffer.concat(chunks) })
      })
    })
      .once('error', reject)
      .end()
  })
}
