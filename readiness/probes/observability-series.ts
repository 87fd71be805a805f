// OBS-08: each answer is counted once, by its route, and nothing that a caller makes up becomes a series.
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'
import { growthOf, type Sample, samplesNamed, samplesOf, sumOf } from './observability-samples.ts'
import { invoke, openJob } from './scene.ts'

const duration = 'seaworthy_http_request_duration_seconds'
/** Of routes that each process has, and answers that each caller can bring about. */
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const strange = [
  'PROPFIND',
  'PURGE',
  'SEARCH',
  'MKCOL',
  'LOCK',
  'REPORT',
  'M-SEARCH',
  'TRACE',
  'QUERY',
  'BREW',
  'GET\x00',
]
const seconds = 0.4

export async function answersAreCounted(context: Context): Promise<Evidence> {
  const { api } = context
  const person = await api.as('client')
  const { id, slug } = await openJob(person.call)
  const counted = await eachIsCountedOnce(context, person)
  const slow = await durationIsTrue(context, person)

  // Every series that these kinds of calls have, before the callers make up the rest.
  const warm = async () => {
    for (const method of methods) await api.anonymous(method, '/nowhere', { key: null })
    for (const path of [
      `/v1/jobs/${id}`,
      `/v1/jobs/${randomUUID()}`,
      `/v1/slugs/${slug}`,
      '/v1/jobs?q=a',
      '/v1/jobs/x',
      '/v1/slugs/NO_SLUG',
    ])
      await api.anonymous('GET', path)
    for (const call of [api.anonymous, person.call, api.withToken('no.token.atall')])
      for (const path of ['/v1/me', `/v1/admin/users/${randomUUID()}`]) await call('GET', path)
    await invoke(api.anonymous, 'logIn')
  }
  await warm()
  await warm()
  const before = seriesOf(await samplesOf(context, context.server))
  const made = await callersMakeUp(context, person)
  const after = seriesOf(await samplesOf(context, context.server))
  const added = [...after].filter((series) => !before.has(series))
  if (added.length > 0) red('adds-series', `${added.length} more after ${made} calls, such as ${added[0]}`)
  return { counted, slow, calls: made, series: after.size }
}

/** What grows with the process and not with its callers is left out: spaces of the heap, kinds of handles. */
const seriesOf = (samples: readonly Sample[]) =>
  new Set(samples.filter(({ name }) => name.startsWith('seaworthy_')).map(({ series }) => series))

/** Answers what was counted of what was sent. */
async function eachIsCountedOnce(context: Context, { call }: Person): Promise<string[]> {
  const { api, link, until, server } = context
  const grown = await growthOf(context, server)
  const times = async (count: number, work: () => Promise<unknown>) => {
    for (let turn = 0; turn < count; turn++) await work()
  }
  await times(5, () => api.anonymous('GET', '/v1/jobs'))
  await times(3, () => call('GET', `/v1/applications/${randomUUID()}`))
  await times(2, () => call('POST', '/v1/jobs', { body: { title: 'x' } }))
  await times(4, () => invoke(call, 'createJob'))
  await times(2, () => api.anonymous('GET', `/${randomUUID()}`))
  await link.cut()
  await times(3, () => call('GET', '/v1/me'))
  await link.mend()
  await until('does-not-return', async () => (await api.anonymous('GET', '/health/ready')).status === 200)
  const sent: [count: number, operation: string, status: string, method?: string][] = [
    [5, 'listJobs', '2xx', 'GET'],
    [3, 'getApplication', '4xx', 'GET'],
    [2, 'createJob', '4xx', 'POST'],
    [4, 'createJob', '2xx', 'POST'],
    // The method of what is no route is the caller's.
    [2, 'none', '4xx'],
    [3, 'getMe', '5xx', 'GET'],
  ]
  for (const [count, operation, status, method] of sent) {
    const seen = () => grown(`${duration}_count`, { operation, status, ...(method && { method }) })
    const reason = status === '5xx' ? 'errors-not-counted' : 'not-counted'
    await until(reason, async () => (await seen()) >= count, { within: 2000 })
    if ((await seen()) > count) red('counted-twice', `${await seen()} of ${count} ${operation} ${status}`)
  }
  return sent.map(([count, operation, status]) => `${count} ${operation} ${status}`)
}

/** A read that has to wait is in the buckets above its time only, and in the sum. */
async function durationIsTrue(context: Context, { call }: Person): Promise<number> {
  const { sql, until, server } = context
  const labels = { operation: 'getMe', method: 'GET', status: '2xx' }
  await call('GET', '/v1/me')
  const grown = await growthOf(context, server)
  const held = await sql.hold('users')
  const start = performance.now()
  const waiting = call('GET', '/v1/me')
  await until('never-waits', async () => (await held.waiting()) > 0)
  await delay(seconds * 1000)
  await held.release()
  await waiting
  const took = (performance.now() - start) / 1000
  await until('not-counted', async () => (await grown(`${duration}_count`, labels)) === 1, { within: 2000 })
  const [sum, quick] = [
    await grown(`${duration}_sum`, labels),
    await grown(`${duration}_bucket`, { ...labels, le: '0.3' }),
  ]
  if (sum < seconds || sum > took + 0.1 || quick !== 0)
    red('duration-wrong', `${sum} s of ${took} s, ${quick} under 0.3 s`)
  if (samplesNamed(await samplesOf(context, server), `${duration}_bucket`, { ...labels, le: '+Inf' }).length !== 1)
    red('duration-wrong', 'it has no last bucket')
  return Math.round(sum * 100) / 100
}

/** A thousand calls of which no two are alike. Answers how many were sent. */
async function callersMakeUp({ api, until, server, apiAt }: Context, { call }: Person): Promise<number> {
  const word = () => randomBytes(9).toString('base64url')
  const fields = () => ({
    'user-agent': word(),
    'x-request-id': `probe.${word()}`,
    'x-forwarded-for': `203.0.113.${randomBytes(1)[0]}`,
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
    cookie: `${word()}=${word()}`,
    'accept-language': word(),
    'x-http-method-override': word(),
    'if-none-match': `"${word()}"`,
  })
  const kinds: (() => Promise<unknown>)[] = [
    () => api.anonymous('GET', `/${word()}/${word()}`, { headers: fields() }),
    () => api.anonymous('GET', `/v1/jobs/${randomUUID()}`, { headers: fields() }),
    () => api.anonymous('GET', `/v1/slugs/${word()}`, { headers: fields() }),
    () => api.anonymous('GET', `/v1/jobs?q=${word()}`, { headers: fields() }),
    () => api.anonymous('GET', `/v1/jobs/${word()}%22%7D%0A`, { headers: fields() }),
    () => call('GET', `/v1/admin/users/${randomUUID()}`, { headers: fields() }),
    () => api.withToken(word())('GET', '/v1/me', { headers: fields() }),
    () => api.anonymous('POST', `/${word()}`, { headers: fields(), key: word() }),
    () => api.anonymous('DELETE', `/v1/${word()}`, { headers: fields() }),
    () => invoke(api.anonymous, 'logIn', { headers: fields() }),
  ]
  let left = 1000
  const lane = async () => {
    while (left-- > 0) await kinds[left % kinds.length]?.()
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  for (const method of strange)
    await callRaw(api.url, `${method} /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  // The last answers are counted a moment after they were sent.
  const counted = async () => sumOf(await samplesOf({ apiAt }, server), `${duration}_count`)
  await until('not-counted', async () => (await counted()) >= 1000, { within: 2000 })
  return 1000 + strange.length
}
