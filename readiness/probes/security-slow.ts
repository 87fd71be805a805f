// SEC-37: clients that send as slowly as they can, or as much as they can, and whether others are served meanwhile.
import { connect, type Socket } from 'node:net'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'

/** The setting of the control, in milliseconds. Node looks once a second. */
export const requestTimeout = 2000
const patience = requestTimeout + 4000
const post = 'POST /v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'

/** How each begins; then a byte is sent every half second. */
const slow = {
  'says-nothing': { start: '', byte: '' },
  'slow-headers': { start: 'GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ', byte: 'a' },
  'slow-body': { start: `${post}Content-Length: 1000\r\n\r\n{`, byte: ' ' },
  'slow-chunks': { start: `${post}Transfer-Encoding: chunked\r\n\r\n`, byte: '1\r\n \r\n' },
  'slow-second-request': { start: 'GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /v1/jobs?q=', byte: 'a' },
}

export async function slowClientsAreCutOff({ api }: Context): Promise<Evidence> {
  const url = new URL(api.url)
  const lanes = Object.entries(slow).flatMap(([name, how]) => Array.from({ length: 20 }, () => ({ name, ...how })))
  const cut = Promise.all(lanes.map(async ({ name, start, byte }) => [name, await trickle(url, start, byte)] as const))
  let served = 0
  const end = performance.now() + requestTimeout
  while (performance.now() < end) {
    if ((await api.anonymous('GET', '/v1/jobs', { within: 5000 })).status !== 200) red('others-not-served')
    served++
  }
  const outcomes = await cut
  for (const [name, { open }] of outcomes) if (open) red(`${name}-kept`, `still open after ${patience} ms`)
  for (const name of Object.keys(slow)) {
    const said = outcomes.flatMap(([kind, outcome]) => (kind === name ? outcome.said : []))
    if (name.startsWith('slow') && !said.some((text) => text.includes(' 408 ')))
      red('not-told-why', `${name}: ${said[0]}`)
  }
  const large = `GET /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Large: ${'a'.repeat(20_000)}\r\n\r\n`
  const { status } = await callRaw(api.url, large)
  if (status !== 431) red('large-headers-taken', String(status))
  const slowest = Math.round(Math.max(...outcomes.map(([, { after }]) => after)))
  return { kinds: Object.keys(slow), connections: lanes.length, slowestCutOffMs: slowest, servedMeanwhile: served }
}

/** One connection: how long it stayed open, and what was said to it. */
async function trickle({ hostname, port }: URL, start: string, byte: string) {
  const socket: Socket = connect(Number(port), hostname)
  const since = performance.now()
  let said = ''
  socket.on('data', (bytes) => {
    said += bytes
  })
  socket.on('error', () => {})
  socket.write(start)
  const timer = setInterval(() => byte && socket.writable && socket.write(byte), 500)
  // A reset, when a byte of ours crosses the end, is an end too.
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(false)))
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, patience, true).unref())
  const open = await Promise.race([closed, late])
  clearInterval(timer)
  socket.destroy()
  return { open, said, after: performance.now() - since }
}
