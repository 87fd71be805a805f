// Stops requests that name another host: caches and links that believe the name would carry a stranger's into our answers, and a
// page whose name was pointed at this address (DNS rebinding) would speak to us as one of ours. X-Forwarded-Host counts for nothing.
// It has no backing store. To remove it, delete its line in app.ts.
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import fp from 'fastify-plugin'
import ipaddr from 'ipaddr.js'
import { AppError } from '../lib/errors.ts'
import type { SecurityLog } from '../lib/security-log.ts'

type Options = { hosts: readonly string[]; security: SecurityLog }

const malformed = () =>
  new AppError(400, 'HOST_MALFORMED', 'Send one Host field, with the name of this service and no more than its port')
const unknown = () => new AppError(421, 'HOST_UNKNOWN', 'The Host that was asked for is not one of this service')

const authority = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{0,5})?$/i

export const host = fp<Options>(
  async (app, { hosts, security }) => {
    const ours = new Set(hosts.map(plain))

    app.addHook('onRequest', async (request) => {
      const { raw, socket } = request
      for (const given of askedFor(raw)) {
        const name = authority.exec(given)?.[1]
        if (name === undefined) throw malformed()
        if (ours.has(plain(name)) || isWhereItCameIn(plain(name), socket.localAddress)) continue
        security('host.refused', request.seen, { host: given.slice(0, 100) })
        throw unknown()
      }
    })
  },
  { name: 'host', dependencies: ['address'] },
)

/** Small letters, no brackets of an IPv6 address, no dot at the end. */
const plain = (name: string) => name.toLowerCase().replace(/^\[|\]$|\.$/g, '')

/** The Host field, and the authority of a URL that has one (RFC 9112, section 3.2.2). Throws unless there is exactly one Host field. */
function askedFor({ rawHeaders, url = '' }: IncomingMessage): string[] {
  const fields: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'host') fields.push(rawHeaders[at + 1] ?? '')
  }
  if (fields.length !== 1) throw malformed()
  const inUrl = /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1]
  return inUrl === undefined ? fields : [...fields, inUrl]
}

/** Platforms ask for health by address, and people on this machine by `localhost`. */
function isWhereItCameIn(name: string, local: string | undefined): boolean {
  if (!local || !isIP(local)) return false
  const at = ipaddr.process(local)
  if (name === 'localhost') return at.range() === 'loopback'
  return isIP(name) !== 0 && ipaddr.process(name).toString() === at.toString()
}
