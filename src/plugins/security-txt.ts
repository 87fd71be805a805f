// Tells whoever finds a flaw where to report it in private, at /.well-known/security.txt (RFC 9116), so that it is not sold or published.
// It has no backing store. To remove it, delete its line in app.ts: people who find something then have to search for somebody.
import type { FastifyPluginAsync } from 'fastify'

type Options = { contacts: readonly string[]; policy: string | undefined; publicUrl: string; now?: () => number }

const path = '/.well-known/security.txt'
const day = 86_400_000
/** Section 2.5.5 recommends less than a year: a copy that someone kept of a service that is gone soon says so itself. */
const goodForDays = 90

export const securityTxt: FastifyPluginAsync<Options> = async (app, { now = Date.now, ...said }) => {
  // For people and their tools, like the pages of the documents: it belongs to no version of the interface.
  app.get(path, { schema: { hide: true }, config: { access: 'public', limit: 'public' } }, (_request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'public, max-age=3600')
      .send(renderSecurityTxt(said, now())),
  )
}

/** It ends at a midnight (UTC) that moves on with the days: it can't run out while the service answers, and has one tag all day. */
function renderSecurityTxt({ contacts, policy, publicUrl }: Omit<Options, 'now'>, at: number): string {
  const end = new Date((Math.floor(at / day) + goodForDays) * day).toISOString().replace('.000Z', 'Z')
  const fields: [name: string, value: string][] = [
    ...contacts.map((contact): [string, string] => ['Contact', contact]),
    ['Expires', end],
    ['Preferred-Languages', 'en'],
  ]
  // Section 2.5.2 takes no other scheme; a service without TLS is not what anybody reports on.
  if (publicUrl.startsWith('https:')) fields.push(['Canonical', `${publicUrl}${path}`])
  if (policy) fields.push(['Policy', policy])
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}
