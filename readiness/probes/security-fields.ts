// SEC-22: every kind of answer that the service can give, held against the fields that browsers go by.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Target } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'
import { invoke } from './scene.ts'

/** Of a page listed in CORS_ORIGINS of the control. */
export const listedOrigin = 'https://app.example.com'

/** What each field has to say. */
const fields: Record<string, RegExp> = {
  'strict-transport-security': /^max-age=([3-9]\d{7}|\d{9,})\b/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^(no-referrer|same-origin|strict-origin)$/,
  'permissions-policy': /(?=.*\bcamera=\(\))(?=.*\bgeolocation=\(\))(?=.*\bmicrophone=\(\))/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'x-xss-protection': /^0$/,
  'content-security-policy': /(?=.*\bdefault-src 'none')(?=.*\bframe-ancestors 'none')(?=.*\bbase-uri 'none')/,
}

/** Holds one answer against them. A page is allowed files of its own host; anything else nothing at all. */
function hasTheFields(kind: string, status: number, answer: Answer, isPage = false): string {
  const said = `${kind}: ${answer.status} ${answer.text.slice(0, 200)}`
  if (answer.status !== status) red('another-status', said)
  for (const [name, says] of Object.entries(fields)) {
    const value = answer.field(name) ?? red('field-missing', `${kind}: ${name}`)
    if (!says.test(value)) red('field-weak', `${kind}: ${name}: ${value}`)
  }
  const policy = answer.field('content-security-policy') ?? ''
  if (/unsafe|https?:|\*/.test(policy)) red('policy-lax', `${kind}: ${policy}`)
  if (!isPage && /-src (?!'none')/.test(policy)) red('policy-lax', `${kind}: ${policy}`)
  const caching = answer.field('cache-control') ?? red('caching-not-said', kind)
  if (status >= 400 && caching !== 'no-store') red('error-may-be-stored', `${kind}: ${caching}`)
  return `${status} ${kind}`
}

export async function everyAnswerHasTheFields(context: Context): Promise<Evidence> {
  const { api, sql, link } = context
  const { call } = await api.as('client')
  const seen: string[] = []
  const see = async (kind: string, status: number, sent: Promise<Answer>, isPage = false) => {
    seen.push(hasTheFields(kind, status, await sent, isPage))
  }
  const get = (path: string, headers = {}) => api.anonymous('GET', path, { headers })

  await see('read', 200, get('/v1/jobs'))
  await see('not modified', 304, get('/v1/jobs', { 'if-none-match': '*' }))
  await see('private read', 200, call('GET', '/v1/me'))
  await see('head', 200, api.anonymous('HEAD', '/v1/jobs'))
  await see('health', 200, get('/health/live'))
  const made = await invoke(call, 'createJob')
  await see('write', 201, Promise.resolve(made))
  if (made.field('cache-control') !== 'no-store') red('write-may-be-stored', made.field('cache-control'))
  await see('deletion', 204, invoke(call, 'deleteJob', { part: String(made.json().id) }))

  await see('bad URL', 400, get('/v1/%zz'))
  await see('bad input', 400, get('/v1/jobs?limit=0'))
  await see('half a body', 400, api.anonymous('POST', '/v1/auth/login', { raw: '{"email":' }))
  await see('stranger', 401, get('/v1/me'))
  await see('wrong role', 403, call('GET', '/health/status'))
  await see('no route', 404, get(`/${randomUUID()}`))
  await see('no object', 404, get(`/v1/jobs/${randomUUID()}`))
  await see('large body', 413, api.anonymous('POST', '/v1/auth/login', { raw: `"${'x'.repeat(200_000)}"` }))
  await see('long URL', 414, get(`/v1/jobs?q=${'x'.repeat(3000)}`))
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  await see('form', 415, api.anonymous('POST', '/v1/auth/login', { raw: 'a=b', headers: form }))
  await see('another host', 421, get('/v1/jobs', { host: 'evil.example' }))
  await see('no version', 428, invoke(call, 'changeMe'))
  await see('large headers', 431, get('/v1/jobs', { 'x-planted': 'x'.repeat(20_000) }))
  await see('no HTTP', 400, callRaw(api.url, 'NOT HTTP AT ALL\r\n\r\n'))
  await see('no host', 400, callRaw(api.url, 'GET /v1/jobs HTTP/1.1\r\nConnection: close\r\n\r\n'))

  const preflight = { origin: listedOrigin, 'access-control-request-method': 'PATCH' }
  await see('preflight', 204, api.anonymous('OPTIONS', '/v1/me', { headers: preflight }))
  await see('preflight of another', 404, api.anonymous('OPTIONS', '/v1/me', { headers: { ...preflight, origin: 'x' } }))
  await see('document', 200, get('/openapi.json'))
  await see('page', 200, get('/docs'), true)
  await see('script of the page', 200, get('/docs/static/swagger-initializer.js'), true)

  // The schema changes under the service, then the database is away.
  await sql.owner('ALTER TABLE jobs RENAME COLUMN budget_amount TO price')
  await see('failure', 500, call('GET', `/v1/jobs/${randomUUID()}`))
  await sql.owner('ALTER TABLE jobs RENAME COLUMN price TO budget_amount')
  await link.cut()
  await see('database away', 503, call('GET', '/v1/contracts'))
  await link.mend()
  return { kinds: seen.length, fields: Object.keys(fields).length, answers: seen }
}

/** For a deployed service. */
export async function readsHaveTheFields({ get }: Target): Promise<Evidence> {
  const nowhere = `/v1/${randomUUID()}`
  return {
    answers: [
      hasTheFields('health', 200, await get('/health/live')),
      hasTheFields('read', 200, await get('/v1/jobs')),
      hasTheFields('no route', 404, await get(nowhere)),
      hasTheFields('bad URL', 400, await get('/v1/%zz')),
      hasTheFields('document', 200, await get('/openapi.json')),
      hasTheFields('page', 200, await get('/docs'), true),
    ],
  }
}
