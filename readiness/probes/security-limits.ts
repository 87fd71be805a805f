// How many calls the limits let through, and what they say to those that they stop.
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

/** What each named limit takes in a minute where nothing else is set. */
const perMinute = { auth: 5, payment: 5, upload: 10, write: 30, read: 100, public: 100 }
type Policy = keyof typeof perMinute

/** The settings of a service whose limits are those that it has by itself. */
export const ownLimits = Object.fromEntries(
  ['AUTH', 'PAYMENT', 'UPLOAD', 'WRITE', 'READ', 'PUBLIC'].map((name) => [`LIMIT_${name}`, '']),
)

const unknown = '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'
/** A call of each policy, which changes nothing. */
const calls: Record<Policy, (call: Call) => Promise<Answer>> = {
  auth: (call) =>
    call('POST', '/v1/auth/login', { body: { email: 'nobody@example.com', password: 'not-the-password' } }),
  payment: (call) => call('POST', `/v1/contracts/${unknown}/funding`, { body: { paymentMethod: 'pm_card_visa' } }),
  upload: (call) => call('POST', '/v1/me/uploads'),
  write: (call) => call('PUT', `/v1/me/notifications/${unknown}/read`),
  read: (call) => call('GET', '/v1/me'),
  public: (call) => call('GET', `/v1/slugs/nobody-has-this`),
}

/** How many of `count` calls, a few at a time, were taken. */
async function taken(count: number, send: () => Promise<Answer>): Promise<number> {
  let left = count
  let passed = 0
  const lane = async () => {
    // Guessing is slowed down by 429 too, and that is no limit.
    while (left-- > 0) if (!(await send()).text.includes('"LIMIT_REACHED"')) passed++
  }
  await Promise.all(Array.from({ length: 5 }, lane))
  return passed
}

/** Sends more calls than a limit of a minute takes, and answers how many were taken. On a slow machine some slide out meanwhile. */
async function exhaust(policy: string, limit: number, send: () => Promise<Answer>): Promise<number> {
  const sent = limit + Math.ceil(limit / 2) + 10
  const start = performance.now()
  const passed = await taken(sent, send)
  const slidOut = Math.ceil((limit * (performance.now() - start)) / 60_000) + 1
  if (passed === sent) red('never-refused', `${policy}: ${passed} calls were taken`)
  if (passed < limit || passed > limit + slidOut) red('limit-not-held', `${policy}: ${passed} of ${limit} were taken`)
  return passed
}

export async function namedLimitsHold({ api, newcomer, startApi }: Context): Promise<Evidence> {
  const person = await api.as('client')
  const seen: Record<string, number> = {}
  for (const policy of ['auth', 'public', 'payment', 'upload', 'write', 'read'] as const) {
    const limit = perMinute[policy]
    const stranger = newcomer()
    const call = policy === 'auth' || policy === 'public' ? stranger.call : stranger.withToken(person.token)
    seen[policy] = await exhaust(policy, limit, () => calls[policy](call))
  }
  // Who is signed in is the same at every address, and is no other caller of this one.
  if ((await calls.read(newcomer().withToken(person.token))).status !== 429) red('user-not-known', 'another address')
  const neighbour = await api.as('client')
  if ((await calls.read(neighbour.call)).status !== 200) red('address-instead-of-user')
  const other = await startApi({ LIMIT_PUBLIC: '2/60s' })
  const { call } = newcomer(other.url)
  const set = await taken(6, () => calls.public(call))
  if (set > 3) red('setting-has-no-effect', `${set} of 2`)
  return seen
}

export async function replicasShareAndSlide({ api, apiAt, newcomer, startApi, until }: Context): Promise<Evidence> {
  const { token } = await api.as('client')
  const other = await startApi()
  const [one, two] = [newcomer(api.url), newcomer(other.url)].map(({ withToken }) => withToken(token)) as [Call, Call]
  let turn = 0
  const shared = await taken(30, () => calls.read(turn++ % 2 ? one : two))
  if (shared > 15) red('not-shared', `${shared} of 10 were taken by two replicas`)
  const restarted = await startApi()
  const after = await taken(5, () => calls.read(newcomer(restarted.url).withToken(token)))
  if (after > 2) red('restart-resets', `${after} of 10 after a restart`)
  const edge = await burstAtAnEdge(apiAt(api.url).anonymous, until)
  return { replicas: 2, limit: 10, takenByBoth: shared, afterARestart: after, ...edge }
}

/** Windows are of 4 seconds here. All calls of one are spent right before its end, as soon as the machine is quick enough for that. */
async function burstAtAnEdge(call: Call, until: Context['until']): Promise<Evidence> {
  const window = 4000
  const into = () => Date.now() % window
  for (let tries = 0; tries < 4; tries++) {
    await until('no-edge', () => into() > window - 1000 && into() < window - 800)
    const edge = Date.now() + window - into()
    const before = await taken(12, () => calls.public(call))
    if (Date.now() >= edge) continue
    await until('no-edge', () => Date.now() > edge)
    const after = await taken(10, () => calls.public(call))
    if (Date.now() > edge + 1000) continue
    if (after > 5) red('double-burst', `${before} calls right before the edge, ${after} right after it`)
    return { takenBeforeTheEdge: before, takenAfterIt: after }
  }
  throw new Error('This machine is too slow to spend a window before its edge')
}

export async function refusalsTell(context: Context): Promise<Evidence> {
  const { newcomer, logs, until, metrics } = context
  const { call } = newcomer()
  const refusals = async () => (await metrics()).get('seaworthy_limit_refusals_total{policy="auth"}') ?? 0
  const before = await refusals()
  const answers: Answer[] = []
  for (let n = 0; n < 7; n++) answers.push(await calls.auth(call))
  for (const answer of answers) {
    const [policy, rest] = [answer.field('ratelimit-policy'), answer.field('ratelimit')]
    if (!policy || !rest) red('no-ratelimit-field', `${answer.status}`)
    if (!/^"[a-z]+";q=\d+;w=\d+$/.test(policy) || !/^"[a-z]+";r=\d+;t=\d+$/.test(rest))
      red('ratelimit-malformed', `${policy} ${rest}`)
  }
  const refused = answers.find(({ status }) => status === 429) ?? red('never-refused')
  if (!Number(refused.field('retry-after'))) red('no-retry-after', refused.field('retry-after') ?? 'none')
  if (!refused.field('content-type')?.startsWith('application/problem+json') || refused.json().code !== 'LIMIT_REACHED')
    red('not-a-problem', refused.text.slice(0, 200))
  const count = answers.filter(({ status }) => status === 429).length
  const id = refused.field('x-request-id')
  const event = await until('not-recorded', () =>
    logs.lines().find(({ security, requestId }) => security === 'limit.refused' && requestId === id),
  )
  if (event.policy !== 'auth' || !event.addressHash) red('event-says-nothing', JSON.stringify(event).slice(0, 300))
  if ((await refusals()) - before < count) red('not-counted', `${before} before, ${await refusals()} after ${count}`)
  return {
    policy: answers[0]?.field('ratelimit-policy') ?? '',
    refused: count,
    retryAfter: refused.field('retry-after') ?? '',
  }
}

export async function tiersAndExemptions({ api, newcomer, sql }: Context): Promise<Evidence> {
  const [standard, partner] = [await api.as('client'), await api.as('client')]
  await sql.owner("UPDATE users SET tier = 'partner' WHERE id = $1", [partner.id])
  const { email, password } = partner
  const signedIn = await newcomer().call('POST', '/v1/auth/login', { body: { email, password } })
  const { accessToken } = signedIn.json<{ accessToken: string }>()
  const few = await exhaust('read, standard', 5, () => calls.read(standard.call))
  const many = await taken(30, () => calls.read(newcomer().withToken(accessToken)))
  if (many < 15 || many > 25) red('tier-ignored', `${many} of 15`)
  const exempt = newcomer(undefined, '127.99.0.7').call
  const free = await taken(40, () => calls.public(exempt))
  if (free < 40) red('not-exempt', `${free} of 40`)
  const bound = await exhaust('public, not exempt', 5, () => calls.public(newcomer(undefined, '127.98.0.7').call))
  return { standard: few, partner: many, exempt: free, others: bound }
}

export async function failsOpenToItself(context: Context): Promise<Evidence> {
  const { newcomer, redis, until, metrics, api } = context
  const ready = async () => (await api.anonymous('GET', '/health/ready')).json<{ modes?: string[] }>().modes ?? []
  await until('not-ready', async () => (await ready()).length === 0)
  redis.kill('SIGSTOP')
  try {
    const { call } = newcomer()
    const times: number[] = []
    const send = async () => {
      const start = performance.now()
      const answer = await calls.auth(call)
      times.push(Math.round(performance.now() - start))
      if (answer.status >= 500) red('fails-closed', `${answer.status} ${answer.text.slice(0, 200)}`)
      return answer
    }
    const passed = await taken(15, send)
    if (passed > 6) red('open-without-redis', `${passed} of 5 sign-ins`)
    if (passed < 5) red('limit-not-held', `${passed} of 5 sign-ins`)
    const quick = await fastest(5, newcomer().call)
    if (quick > 100) red('waits-for-redis', `${quick} ms`)
    if ((await metrics()).get('seaworthy_limits_local') !== 1) red('metric-does-not-say')
    await until('mode-not-named', async () => (await ready()).includes('limits-local'))
    redis.kill('SIGCONT')
    await until('does-not-come-back', async () => {
      await calls.public(call)
      return (await metrics()).get('seaworthy_limits_local') === 0 && !(await ready()).includes('limits-local')
    })
    return { takenWithoutRedis: passed, limit: 5, fastestMs: quick, slowestMs: Math.max(...times) }
  } finally {
    redis.kill('SIGCONT')
  }
}

async function fastest(count: number, call: Call): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let n = 0; n < count; n++) {
    const start = performance.now()
    await call('GET', '/v1/slugs/nobody-has-this')
    best = Math.min(best, Math.round(performance.now() - start))
  }
  return best
}

export async function forwardedCountsFromProxiesOnly({ newcomer, logs, until }: Context): Promise<Evidence> {
  const forged = (call: Call, forwarded: string) =>
    call('GET', '/v1/slugs/nobody-has-this', { headers: { 'x-forwarded-for': forwarded } })
  const client = newcomer()
  const ids: string[] = []
  let n = 0
  const varied = await taken(12, async () => {
    const answer = await forged(client.call, `203.0.113.${n++}, ${'9.9.9.9, '.repeat(n % 2 ? 300 : 1)}198.51.100.${n}`)
    ids.push(answer.field('x-request-id') ?? '')
    return answer
  })
  if (varied > 6) red('forwarded-address-counts', `${varied} of 5 calls were taken`)
  const lines = await until('not-logged', () => {
    const found = logs
      .lines()
      .filter(({ requestId, msg }) => ids.includes(String(requestId)) && msg === 'request answered')
    return found.length === ids.length && found
  })
  const hashes = new Set(lines.map(({ addressHash }) => String(addressHash)))
  if (hashes.size !== 1) red('logged-under-other-addresses', `${hashes.size} addresses`)
  const said = JSON.stringify(lines)
  if (/127\.\d+\.\d+\.\d+|203\.0\.113|198\.51\.100/.test(said)) red('address-in-log', said.slice(0, 300))

  const proxy = newcomer(undefined, '127.127.0.5').call
  const behind = async (forwarded: (n: number) => string) => {
    let at = 0
    return taken(12, () => forged(proxy, forwarded(at++)))
  }
  const apart = await behind((at) => `198.51.100.${at}`)
  if (apart !== 12) red('proxy-not-believed', `${apart} of 12 callers`)
  const prefixed = await behind((at) => `10.0.0.${at}, 203.0.113.77`)
  if (prefixed > 6) red('forwarded-address-counts', `${prefixed} behind a proxy`)
  const sixes = await behind((at) => `2001:db8:1:2::${at + 1}`)
  if (sixes > 6) red('ipv6-not-by-network', `${sixes} of 5`)
  const mapped = await behind((at) => (at % 2 ? '::ffff:198.51.100.200' : '198.51.100.200'))
  if (mapped > 6) red('mapped-address-is-another', `${mapped} of 5`)
  for (const garbage of ['', 'garbage', ',,,', '1.2.3.4:99', '999.9.9.9', 'x'.repeat(8000)]) {
    const answer = await forged(proxy, garbage)
    if (answer.status >= 500) red('malformed-address-breaks', `${answer.status}`)
  }
  return { takenOfAForger: varied, limit: 5, callersBehindAProxy: apart, sameIpv6Network: sixes }
}
