// Stops browsers from guessing types, framing, running, storing or leaking what we answer: the fields of OWASP on every answer. An
// API needs nothing of a page, so its policy allows nothing; the few pages bring a policy of their own (`pagePolicy`).
// It has no backing store. To remove it, delete its line in app.ts: only errors, which set the fields themselves, then have them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import fp from 'fastify-plugin'
import helmet from 'helmet'

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

const nowhere = { baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] }
// What the pages of this host, or of one that takes it over, may ask a browser for.
const features = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
]
const more = ['midi', 'payment', 'usb']

/** On every answer, errors of bare sockets included. Reads may say something else of caching, and pages of their policy. */
export const securityFieldsOfAll: Readonly<Record<string, string>> = Object.freeze({
  ...fieldsOf(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], ...nowhere } },
      referrerPolicy: { policy: 'no-referrer' },
      xFrameOptions: { action: 'deny' },
      // Only a browser that is no longer made reads it.
      xDownloadOptions: false,
    }),
  ),
  'permissions-policy': [...features, ...more].map((feature) => `${feature}=()`).join(', '),
  'cache-control': 'no-store',
})

/**
 * The policy of a page: its own host's files, and inline styles only by their hashes. No inline script. `baseUri`: where a page that
 * says what its links stand on may let them stand.
 */
export function pagePolicy(styleHashes: readonly string[] = [], { baseUri = nowhere.baseUri } = {}): string {
  const own = ["'self'"]
  const directives = {
    defaultSrc: ["'none'"],
    scriptSrc: own,
    styleSrc: [...own, ...styleHashes.map((hash) => `'${hash}'`)],
    imgSrc: [...own, 'data:'],
    connectSrc: own,
    ...nowhere,
    baseUri,
  }
  const fields = fieldsOf(helmet.contentSecurityPolicy({ useDefaults: false, directives }))
  return fields['content-security-policy'] ?? ''
}

export const securityFields = fp(
  async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers(securityFieldsOfAll)
    })
  },
  { name: 'security-fields' },
)

/** What a middleware of Express sets, when it depends on neither request nor response. */
function fieldsOf(middleware: Middleware): Record<string, string> {
  const fields: Record<string, string> = {}
  const response = {
    setHeader: (name: string, value: string) => {
      fields[name.toLowerCase()] = value
    },
    removeHeader: () => {},
  }
  middleware({} as IncomingMessage, response as unknown as ServerResponse, () => {})
  return fields
}
