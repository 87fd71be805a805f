// SEC-40 at the edge: a request for a host that is not ours never reaches a replica, in whatever way it is named.
import { connect } from 'node:tls'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { atTheEdge, type Edge } from './edge-scene.ts'

const foreign = 'planted.example'

export const foreignHostsStayOutside = (context: Context, hosts: string[]): Promise<Evidence> =>
  atTheEdge(
    context,
    async (edge) => {
      const { nginx, from } = edge
      const [ours = ''] = hosts
      const { call } = from()
      for (const host of hosts) {
        const answer = await call('GET', '/health/live', { headers: { host } })
        if (answer.status !== 200) red('edge-refuses-our-host', `${host}: ${answer.status}`)
      }
      const refused = [
        ...[foreign, `${ours}.${foreign}`, `sub.${ours}`, '10.1.2.3', '[::1]', 'localhost', `${ours}@${foreign}`],
        ...['', `${ours}/x`, `${ours}\r\nHost: ${foreign}`],
      ]
      for (const host of refused) await isRefused(edge, `GET /health/live HTTP/1.1\r\nHost: ${host}`, host)
      await isRefused(edge, 'GET /health/live HTTP/1.0\r\nX-None: 1', 'no host')
      await isRefused(edge, 'GET /health/live HTTP/1.1\r\nX-None: 1', 'no host')
      await isRefused(edge, `GET http://${foreign}/health/live HTTP/1.1\r\nHost: ${ours}`, 'in the URL')
      const forwarded = `X-Forwarded-Host: ${ours}\r\nForwarded: host=${ours}`
      await isRefused(edge, `GET /health/live HTTP/1.1\r\nHost: ${foreign}\r\n${forwarded}`, 'forwarded')
      const named = await bySni(edge, ours, foreign)
      if (!/^HTTP\/1\.1 421 /.test(named)) red('edge-passes-foreign-host', `SNI of ours: ${named.slice(0, 100)}`)

      const plain = await from(nginx.plainUrl).call('GET', '/', { headers: { host: foreign } })
      if (plain.status !== 421) red('edge-redirects-foreign-host', `${plain.status} ${plain.field('location')}`)
      return { edgeRefused: refused.length + 5 }
    },
    { hosts },
  )

/** 421 or 400, as a problem, and no replica was asked. */
async function isRefused({ raw, lineOf }: Edge, head: string, host: string): Promise<void> {
  const said = await raw(`${head}\r\nConnection: close\r\n\r\n`)
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(said) ?? []
  const [, id] = /^x-request-id: (\S+)/im.exec(said) ?? []
  const { replica } = await lineOf(id)
  if (replica || !(status === '421' || status === '400'))
    red('edge-passes-foreign-host', `${host}: ${status} ${replica}`)
  if (!/^content-type: application\/problem\+json/im.test(said)) red('edge-refusal-is-no-problem', host)
}

/** A host that is ours in the handshake, and another in the request. */
function bySni({ nginx }: Edge, servername: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: nginx.port, host: '127.0.0.1', ca: nginx.ca, servername })
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes
    })
    socket.once('error', reject)
    socket.once('close', () => resolve(said))
    socket.write(`GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  })
}
