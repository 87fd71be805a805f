// SEC-21: what pages of other origins may do, as a browser would ask.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { listedOrigin } from './security-fields.ts'

export const origins = [listedOrigin, 'https://admin.example.com:8443']

/** Each differs from a listed one in one thing. */
const others = [
  'https://evil.example',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'https://sub.app.example.com',
  'null',
]
const accessFields = ['origin', 'credentials', 'methods', 'headers', 'private-network'].map(
  (name) => `access-control-allow-${name}`,
)
const readable = ['ETag', 'Location', 'Retry-After', 'RateLimit', 'X-Request-Id', 'Idempotent-Replayed']
const sendable = ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-csrf-token']

export async function onlyListedOriginsGetIn(context: Context): Promise<Evidence> {
  const { api } = context
  const preflight = (origin: string, path: string, method: string) =>
    api.anonymous('OPTIONS', path, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,if-match',
      },
    })
  const paths = ['/v1/jobs', '/v1/me', `/v1/${randomUUID()}`, '/health/live']
  for (const origin of origins) {
    for (const path of paths) isAllowed(origin, await api.anonymous('GET', path, { headers: { origin } }))
    for (const [path, method] of [
      [`/v1/jobs/${randomUUID()}`, 'PATCH'],
      ['/v1/auth/login', 'POST'],
    ] as const) {
      const answer = await preflight(origin, path, method)
      isAllowed(origin, answer)
      if (answer.status !== 204) red('preflight-refused', `${origin} ${path}: ${answer.status}`)
      const methods = answer.field('access-control-allow-methods') ?? ''
      const fields = (answer.field('access-control-allow-headers') ?? '').toLowerCase()
      if (!methods.includes(method)) red('preflight-refused', `${method} is not one of ${methods}`)
      if (!sendable.every((name) => fields.includes(name))) red('preflight-refused', fields)
      if (!(Number(answer.field('access-control-max-age')) > 0)) red('preflight-not-kept')
    }
  }
  for (const origin of others) {
    for (const path of paths) isNotAllowed(origin, await api.anonymous('GET', path, { headers: { origin } }))
    const answer = await preflight(origin, '/v1/me', 'PATCH')
    isNotAllowed(origin, answer)
    if (answer.status < 400) red('other-origin-allowed', `preflight of ${origin}: ${answer.status}`)
  }
  const refusal = await productionRefusesAnyOrigin(context)
  return { listed: origins, refused: others, paths: paths.length, production: refusal }
}

function isAllowed(origin: string, answer: Answer): void {
  if (answer.field('access-control-allow-origin') !== origin)
    red('listed-origin-refused', `${origin}: ${answer.status}`)
  if (answer.field('access-control-allow-credentials') !== 'true') red('cookies-refused')
  if (!/\bOrigin\b/i.test(answer.field('vary') ?? '')) red('answer-shared-by-origins', `${answer.field('vary')}`)
  const exposed = answer.field('access-control-expose-headers') ?? ''
  for (const name of readable) if (!exposed.includes(name)) red('field-not-readable', name)
}

function isNotAllowed(origin: string, answer: Answer): void {
  for (const name of [...accessFields, 'access-control-expose-headers']) {
    if (answer.field(name) !== undefined) red('other-origin-allowed', `${origin}, ${name}: ${answer.field(name)}`)
  }
  if (!/\bOrigin\b/i.test(answer.field('vary') ?? '')) red('answer-shared-by-origins', `${answer.field('vary')}`)
}

/** With everything else as a deployment has it. */
async function productionRefusesAnyOrigin({ start }: Context): Promise<string> {
  const server = start(['src/server.ts'], {
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://seaworthy.example',
    REDIS_URL: `redis://:${randomUUID()}@127.0.0.1:1`,
    SMTP_URL: `smtp://login:${randomUUID()}@127.0.0.1:1`,
    PAYMENTS_URL: 'https://payments.example',
    CORS_ORIGINS: `${listedOrigin},*`,
  })
  const boots = await server.until(/Server listening/).then(
    () => true,
    () => false,
  )
  server.child.kill('SIGKILL')
  const { code } = await server.ended
  if (boots) red('wildcard-taken')
  if (code !== 78 || !server.said().includes('CORS_ORIGINS'))
    red('wildcard-not-named', `exit ${code}: ${server.said()}`)
  return `exit ${code}, names CORS_ORIGINS`
}
