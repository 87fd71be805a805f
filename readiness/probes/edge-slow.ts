// SEC-37 at the edge: slow and many connections, and many requests, of one network; others are served meanwhile.
import { connect, type TLSSocket } from 'node:tls'
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { isProblem } from './api-problems.ts'
import { atTheEdge, type Edge } from './edge-scene.ts'
import { together } from './reliability-scene.ts'

/** Milliseconds: the edge gives headers and pauses of a body five seconds. */
const patience = 5000 + 4000
const head = 'Host: 127.0.0.1\r\nContent-Type: application/json\r\n'
const slow = {
  'edge-silence-kept': { start: '', byte: '' },
  'edge-slow-headers-kept': { start: `GET /v1/jobs HTTP/1.1\r\n${head}X-Slow: `, byte: 'a' },
  'edge-slow-body-kept': { start: `POST /v1/auth/login HTTP/1.1\r\n${head}Content-Length: 1000\r\n\r\n{`, byte: '' },
}
/** More than a network may have at once. */
const many = 130

export const floodsStayAtTheEdge = (context: Context): Promise<Evidence> =>
  atTheEdge(context, async (edge) => {
    const [cutOff, connections, requests] = await together(cutsOff(edge), limitsConnections(edge), limitsRequests(edge))
    return { edgeCutOff: cutOff, ...connections, ...requests }
  })

/** The longest, in milliseconds. */
async function cutsOff({ nginx }: Edge): Promise<number> {
  const times = await together(
    ...Object.entries(slow).map(async ([name, { start, byte }]) => {
      const [socket, since] = [await openFrom(nginx, '127.90.0.1'), performance.now()]
      socket.write(start)
      const timer = setInterval(() => byte && socket.writable && socket.write(byte), 500)
      const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)))
      const late = new Promise<boolean>((resolve) => setTimeout(resolve, patience, false).unref())
      const isCut = await Promise.race([closed, late])
      clearInterval(timer)
      socket.destroy()
      if (!isCut) red(name, `still open after ${patience} ms`)
      return performance.now() - since
    }),
  )
  return Math.round(Math.max(...times))
}

/** Requests whose bodies do not come hold connections; the network gets no more than its share, and others get theirs. */
async function limitsConnections({ nginx, from }: Edge) {
  const address = '127.90.0.2'
  const sockets = await together(...Array.from({ length: many }, () => openFrom(nginx, address)))
  try {
    const answers = sockets.map(
      (socket) => new Promise<string>((tell) => socket.once('data', (said) => tell(`${said}`))),
    )
    for (const socket of sockets) socket.write(slow['edge-slow-body-kept'].start)
    const within = new Promise<string>((tell) => setTimeout(tell, 3000, '').unref())
    const said = await together(...answers.map((answer) => Promise.race([answer, within])))
    const refused = said.filter((text) => / 429 /.test(text)).length
    if (refused < many - 100) red('connections-unlimited', `${refused} of ${many} refused`)
    if (refused > many - 50) red('connections-refused-too-soon', `${refused} of ${many} refused`)
    const other = await from(nginx.url, '127.90.0.3').call('GET', '/health/live', { within: 5000 })
    if (other.status !== 200) red('others-not-served', String(other.status))
    return { connectionsHeld: many - refused, connectionsRefused: refused }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

/** As fast as it can be sent: most of it is refused, with the time to wait, and others are served. */
async function limitsRequests({ nginx, from }: Edge) {
  const [flooding, other] = [from(nginx.url, '127.90.0.4'), from(nginx.url, '127.90.0.5')]
  const answers: Answer[] = []
  const lanes = Array.from({ length: 20 }, async () => {
    for (let turn = 0; turn < 20; turn++) answers.push(await flooding.call('GET', '/health/live'))
  })
  await together(...lanes)
  const refused = answers.filter(({ status }) => status === 429)
  const [first] = refused
  if (!first) return red('rate-unlimited', `${answers.length} requests`)
  isProblem(first, 429, '/health/live')
  if (!(Number(first.field('retry-after')) > 0)) red('no-retry-after')
  if ((await other.call('GET', '/health/live')).status !== 200) red('others-not-served')
  return { requests: answers.length, requestsRefused: refused.length }
}

function openFrom({ port, ca }: Edge['nginx'], localAddress: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca, localAddress, ALPNProtocols: ['http/1.1'] } as object)
    socket.once('secureConnect', () => resolve(socket))
    socket.on('error', reject)
  })
}
