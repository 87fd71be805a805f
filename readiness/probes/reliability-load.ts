// The service under three times the load that it can take. Its capacity is one of waiting: two connections to PostgreSQL, each
// statement of which takes a fixed time on the link. So it is the same on any machine, and on a busy one.
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { outcome } from './reliability-scene.ts'

/** Two connections of 80 ms a statement serve some 25 requests a second. */
export const smallCapacity = {
  DATABASE_POOL_MAX: '2',
  // Whoever waits for a connection waits longer than any client would: shedding alone keeps the wait short.
  DATABASE_CONNECT_TIMEOUT_MS: '20000',
  CONCURRENT_REQUESTS: '4',
  WAITING_REQUESTS: '6',
  WAITING_MS: '500',
  EVENT_LOOP_DELAY_MS: '500',
}
const roundTrip = 80
/** Milliseconds within which an answer is worth something to whoever asked. */
const patience = 1000
/** A sign-in takes a dozen statements, and whoever signs in waits longer than for a page. */
const patienceOfEntry = 5000

type Seen = { answer: Answer | Error | undefined; took: number; at: number }

export async function shedsWhatIsTooMuch(context: Context): Promise<Evidence> {
  const { api, link } = context
  const person = await api.as('client')
  const read = () => person.call('GET', '/v1/me')
  await givesPlacesBack(context, person.call)
  link.delay(roundTrip)
  const peak = goodput(await every(6, 2000, read), 500, 2000)
  const overload = () =>
    Promise.all([atRate(3 * peak, 3000, read), atRate(10, 3000, () => api.anonymous('GET', '/health/live'))])
  // Others may take the machine for a while: that passes, and a collapse does not. The first second fills the queue.
  let [load, health] = await overload()
  const kept = () => goodput(load, 1000, 3000)
  for (let left = 2; left > 0 && kept() < 0.8 * peak; left--) [load, health] = await overload()
  if (kept() < 0.8 * peak) red('goodput-collapses', `${kept().toFixed(1)}/s of ${peak.toFixed(1)}/s`)
  const refused = load.filter((seen) => !isGood(seen))
  // A busy machine may lose one of them; a service that waits loses most.
  const unanswered = refused.filter(({ answer }) => answer === undefined)
  if (unanswered.length > load.length / 10) red('answers-late', `${unanswered.length} of ${load.length}`)
  for (const seen of refused) if (seen.answer && !isRefusal(seen)) red('not-a-503', told(seen))
  const down = health.find((seen) => !isGood(seen))
  if (down) red('health-refused', told(down))
  const signedIn = await letsInWhoSignsIn(context, person, atRate(3 * peak, 2000, read))
  const withPlaces = await isBoundByThePool(context, person, peak)
  await link.mend()
  await protectsItsEventLoop(context, read)
  const times = refused.map(({ took }) => took).sort((one, other) => one - other)
  return {
    peakPerSecond: Math.round(peak),
    goodputPerSecond: Math.round(kept()),
    refused: refused.length,
    medianRefusalMs: Math.round(times[Math.floor(times.length / 2)] ?? 0),
    healthAnswers: health.length,
    signedIn,
    withPlaces,
  }
}

/** More clients than there are places hang up in the middle of their requests, and others are served as if they had never been. */
async function givesPlacesBack({ api, sql, until }: Context, call: Call): Promise<void> {
  const held = await sql.hold('notifications')
  const leave = () => outcome(call('GET', '/v1/me/notifications', { within: 300 }))
  await Promise.all(Array.from({ length: 10 }, leave))
  await held.release()
  const read = () => outcome(call('GET', '/v1/me', { within: patience }))
  const served = async () => {
    const seen = await Promise.all([read(), read(), read(), read()])
    return seen.every((answer) => !(answer instanceof Error) && answer.status === 200)
  }
  await until('places-leak', served, { within: 5000 })
  const health = await outcome(api.anonymous('GET', '/health/live'))
  if (health instanceof Error) red('health-refused', health.message)
}

/** Answers how many of five could sign in while most of the reads beside them are refused. */
async function letsInWhoSignsIn(
  { api }: Context,
  { email, password }: Person,
  reads: Promise<Seen[]>,
): Promise<number> {
  const signIn = () => api.anonymous('POST', '/v1/auth/login', { body: { email, password } })
  const [entries] = await Promise.all([atRate(2.5, 2000, signIn, patienceOfEntry), reads])
  const kept = entries.filter(isGood).length
  if (kept < entries.length - 1) red('browsing-goes-first', `${kept} of ${entries.length} signed in`)
  return kept
}

/** Where there are places for far more than have a connection, the requests wait in front of them all the same. Answers the goodput. */
async function isBoundByThePool({ startApi, newcomer }: Context, { token }: Person, peak: number): Promise<number> {
  const { url } = await startApi({ CONCURRENT_REQUESTS: '100' })
  const { call } = newcomer(url)
  const read = () => call('GET', '/v1/me', { headers: { authorization: `Bearer ${token}` } })
  const load = () => atRate(3 * peak, 4000, read)
  const kept = (seen: Seen[]) => goodput(seen, 2000, 4000)
  let seen = await load()
  for (let left = 2; left > 0 && kept(seen) < 0.8 * peak; left--) seen = await load()
  if (kept(seen) < 0.8 * peak) red('waits-for-connections', `${kept(seen).toFixed(1)}/s of ${peak.toFixed(1)}/s`)
  return Math.round(kept(seen))
}

/** A process that gets no turn refuses all but health, and serves again when that is over. */
async function protectsItsEventLoop({ api, server, until }: Context, read: () => Promise<Answer>): Promise<void> {
  let starving = true
  const starved = (async () => {
    while (starving) {
      server.child.kill('SIGSTOP')
      await delay(2000)
      server.child.kill('SIGCONT')
      await delay(20)
    }
  })()
  try {
    await until('starved-not-refused', async () => {
      const [seen, health] = await Promise.all([
        timed(read, 15_000),
        timed(() => api.anonymous('GET', '/health/live'), 15_000),
      ])
      if (!isGood(health)) red('health-refused', told(health))
      return isRefusal(seen)
    })
  } finally {
    starving = false
    await starved
  }
  await until('refuses-for-ever', async () => isGood(await timed(read)))
}

/** What a call answers, or undefined where it does not within the patience; the connection stays, as that of a proxy does. */
async function timed(send: () => Promise<Answer>, within = patience): Promise<Seen> {
  const start = performance.now()
  const waiting = new AbortController()
  const late = delay(within, undefined, { signal: waiting.signal }).catch(() => undefined)
  const answer = await Promise.race([outcome(send()), late])
  waiting.abort()
  const at = performance.now()
  return { answer, took: at - start, at }
}

/** That many callers, each with its next call as soon as the last one is answered. */
async function every(lanes: number, milliseconds: number, send: () => Promise<Answer>): Promise<Seen[]> {
  const end = performance.now() + milliseconds
  const seen: Seen[] = []
  const lane = async () => {
    while (performance.now() < end) seen.push(await timed(send))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return seen
}

/** So many calls a second, however they are answered. */
async function atRate(
  perSecond: number,
  milliseconds: number,
  send: () => Promise<Answer>,
  within = patience,
): Promise<Seen[]> {
  const sent: Promise<Seen>[] = []
  const start = performance.now()
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - start) {
    while (sent.length < (elapsed * perSecond) / 1000) sent.push(timed(send, within))
    await delay(5)
  }
  return Promise.all(sent)
}

/** Good answers a second that came between two moments after the first call. */
function goodput(seen: Seen[], from: number, to: number): number {
  const start = Math.min(...seen.map(({ at, took }) => at - took))
  const good = seen.filter((one) => isGood(one) && one.at >= start + from && one.at < start + to)
  return (good.length * 1000) / (to - from)
}

const isAnswer = (answer: Seen['answer']): answer is Answer => answer !== undefined && !(answer instanceof Error)
const isGood = ({ answer }: Seen) => isAnswer(answer) && answer.status === 200

function isRefusal({ answer }: Seen): boolean {
  return (
    isAnswer(answer) &&
    answer.status === 503 &&
    answer.field('retry-after') !== undefined &&
    answer.field('content-type')?.startsWith('application/problem+json') === true &&
    answer.json().code === 'OVERLOADED'
  )
}

const told = ({ answer, took }: Seen) =>
  isAnswer(answer)
    ? `${answer.status} ${answer.text.slice(0, 200)}`
    : `${answer?.message ?? 'no answer'} after ${Math.round(took)} ms`
