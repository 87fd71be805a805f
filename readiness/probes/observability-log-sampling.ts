// OBS-05: which requests leave a line when those that went well need not.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import type { Answer, Call, CallOptions } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { logIn } from './mail-scene.ts'

const slow = 1000
/** No line of a success that was quick. */
export const quiet = { LOG_SUCCESS_RATIO: '0', SLOW_REQUEST_MS: String(slow) }
const sent = 100

export async function successesAreSampled(context: Context): Promise<Evidence> {
  const { api, server, startApi, apiAt } = context
  const some = await startApi({ LOG_SUCCESS_RATIO: '0.3' })
  const person = await api.as('client')
  const quick = await quickOnes(api.anonymous)
  const kept = await othersAlwaysHaveOne(context, person.call)
  // Signing in went well, and a security team asks about it all the same.
  const signIn = `probe.${randomUUID()}`
  await logIn((method, path, options) => api.anonymous(method, path, withId(signIn, options)), person)
  const told = () =>
    server.lines().some(({ security, requestId }) => security === 'sign-in.succeeded' && requestId === signIn)
  await context.until('security-event-without-line', told, { within: 3000 })

  const logged = quick.filter((id) => linesOf(server, id).length > 0)
  if (logged.length > 0) red('success-logged', `${logged.length} of ${quick.length}`)
  const share = await someOf(context, some, apiAt(some.url).anonymous)
  return { quickSuccesses: quick.length, linesOfThem: 0, alwaysLogged: kept, ofHundredAtThirdRatio: share }
}

const withId = (id: string, options: CallOptions = {}): CallOptions => ({
  ...options,
  headers: { ...options.headers, 'x-request-id': id },
})
const linesOf = ({ lines }: Door, id: string) =>
  lines().filter(({ msg, requestId }) => msg === 'request answered' && requestId === id)

/** Answers the ids of those that were quick to whoever waited for them. */
async function quickOnes(call: Call): Promise<string[]> {
  const ids: string[] = []
  for (let turn = 0; turn < sent; turn++) {
    const [id, start] = [`probe.${randomUUID()}`, performance.now()]
    const { status } = await call('GET', `/v1/slugs/${randomUUID()}`, withId(id))
    if (status >= 400) red('cannot-read', String(status))
    if (performance.now() - start < slow / 2) ids.push(id)
  }
  return ids
}

/** Refusals, a failure and a slow success, of each of which the line is there. */
async function othersAlwaysHaveOne(context: Context, call: Call): Promise<string[]> {
  const { api, link, sql, until, server } = context
  const calls: [reason: string, send: (id: string) => Promise<Answer>, is: (status: number) => boolean][] = [
    ['refusal-without-line', (id) => api.anonymous('GET', '/nowhere', withId(id)), (status) => status === 404],
    ['refusal-without-line', (id) => api.anonymous('GET', '/v1/me', withId(id)), (status) => status === 401],
    ['refusal-without-line', (id) => call('GET', '/v1/admin/switches', withId(id)), (status) => status === 403],
    ['refusal-without-line', (id) => call('POST', '/v1/jobs', withId(id, { raw: '{' })), (status) => status === 400],
    ['failure-without-line', failing, (status) => status >= 500],
    ['slow-without-line', waiting, (status) => status === 200],
  ]
  const seen: string[] = []
  for (const [reason, send, is] of calls) {
    const id = `probe.${randomUUID()}`
    const { status } = await send(id)
    if (!is(status)) red('cannot-look', `${status} for ${reason}`)
    const lines = await until(reason, () => linesOf(server, id).length > 0 && linesOf(server, id), { within: 3000 })
    if (lines.length !== 1 || lines[0]?.status !== status) red('wrong-line', JSON.stringify(lines).slice(0, 300))
    seen.push(`${status}`)
  }
  return seen

  async function failing(id: string): Promise<Answer> {
    await link.cut()
    const answer = await call('GET', '/v1/me', withId(id))
    await link.mend()
    await until('does-not-return', async () => (await api.anonymous('GET', '/health/ready')).status === 200)
    return answer
  }

  async function waiting(id: string): Promise<Answer> {
    const held = await sql.hold('users')
    const answer = call('GET', '/v1/me', withId(id))
    await until('never-waits', async () => (await held.waiting()) > 0)
    await delay(slow + 100)
    await held.release()
    return answer
  }
}

/** Between a tenth and sixty of a hundred: outside of it once in a million. */
async function someOf({ until }: Context, door: Door, call: Call): Promise<number> {
  const ids = await quickOnes(call)
  // The line of a refusal comes after those of all that was answered before.
  const last = `probe.${randomUUID()}`
  await call('GET', '/nowhere', withId(last))
  await until('refusal-without-line', () => linesOf(door, last).length > 0, { within: 3000 })
  const share = ids.filter((id) => linesOf(door, id).length > 0).length
  if (share < 10 || share > 60) red('not-by-ratio', `${share} of ${ids.length}`)
  return share
}
