// OBS-03: each security event that a caller can bring about, and what its line says.
import { randomUUID } from 'node:crypto'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { invoke } from './scene.ts'

type Quiet = Awaited<ReturnType<typeof startQuietly>>
/** What happened: its kind, the answer that it came with, and who did it, where that is known. */
type Seen = { kind: string; answer: Answer; actor?: Person | undefined }

const userAgent = 'a probe of security events'
export const fewReads = { LIMIT_PUBLIC: '20/60s' }

export async function eventsAreRecorded(context: Context): Promise<Evidence> {
  const { api, newcomer, metrics } = context
  const quiet = await startQuietly(context)
  const [admin, client, worker, other] = [
    await api.as('admin'),
    await api.as('client'),
    await api.as('worker'),
    await api.as('worker'),
  ]
  const seen = [
    ...(await signInsOf(withAgent(newcomer().call), client)),
    ...(await refusalsOf(context, worker)),
    ...(await sessionsOf(context, worker)),
    ...(await changesBy({ ...admin, call: withAgent(admin.call) }, other)),
    ...(await passwordOf(client)),
  ]
  for (const each of seen) await isTold(context, each)
  const counted = await metrics()
  for (const { kind } of seen)
    if (!counted.get(`seaworthy_security_events_total{kind="${kind}"}`)) red('not-counted', kind)
  await comesAtAnyLevel(context, quiet)
  return { kinds: [...new Set(seen.map(({ kind }) => kind))], flood: await floodsAreBounded(context) }
}

function withAgent(call: Call): Call {
  return (method, path, options) =>
    call(method, path, { ...options, headers: { 'user-agent': userAgent, ...options?.headers } })
}

const logIn = (call: Call, { email, password }: Pick<Person, 'email' | 'password'>, more = {}) =>
  call('POST', '/v1/auth/login', { body: { email, password, ...more } })

async function signInsOf(call: Call, person: Person): Promise<Seen[]> {
  const answer = await logIn(call, person)
  const wrong = { email: person.email, password: 'not the password' }
  const failed: Answer[] = []
  for (let n = 0; n < 5; n++) failed.push(await logIn(call, wrong))
  const [first, last] = [failed[0], failed[4]] as [Answer, Answer]
  const delayed = await logIn(call, wrong)
  return [
    { kind: 'sign-in.succeeded', answer, actor: person },
    { kind: 'sign-in.failed', answer: first },
    { kind: 'account.locked', answer: last },
    { kind: 'sign-in.delayed', answer: delayed },
  ]
}

async function refusalsOf({ newcomer }: Context, worker: Person): Promise<Seen[]> {
  const { call, withToken } = newcomer()
  const stranger = withAgent(call)
  const browser = await logIn(stranger, worker, { mode: 'cookie' })
  const cookie = browser
    .fields('set-cookie')
    .map((field) => field.split(';', 1)[0])
    .join('; ')
  const forged = await withAgent(withToken(`${worker.token.slice(0, -4)}AAAA`))('GET', '/v1/me')
  const foreign = await withAgent(withToken(worker.token))('GET', '/v1/admin/switches')
  const crossSite = await stranger('POST', '/v1/auth/logout', { headers: { cookie, origin: 'https://evil.example' } })
  const otherHost = await stranger('GET', '/v1/jobs', { headers: { host: 'evil.example' } })
  let limited = await stranger('GET', '/v1/slugs/nobody-has-this')
  for (let n = 0; n < 40 && limited.status !== 429; n++) limited = await stranger('GET', '/v1/slugs/nobody-has-this')
  return [
    { kind: 'token.refused', answer: forged },
    { kind: 'access.refused', answer: foreign, actor: worker },
    { kind: 'csrf.refused', answer: crossSite },
    { kind: 'host.refused', answer: otherHost },
    { kind: 'limit.refused', answer: limited },
  ]
}

async function sessionsOf({ newcomer }: Context, person: Person): Promise<Seen[]> {
  const { call, withToken } = newcomer()
  const { refreshToken } = (await logIn(call, person)).json<{ refreshToken: string }>()
  const renew = (token: string) => withAgent(call)('POST', '/v1/auth/refresh', { body: { refreshToken: token } })
  const second = (await renew(refreshToken)).json<{ refreshToken: string }>()
  await renew(second.refreshToken)
  const reused = await renew(refreshToken)
  const { accessToken } = (await logIn(call, person)).json<{ accessToken: string }>()
  const ended = await withAgent(withToken(accessToken))('POST', '/v1/auth/logout')
  return [
    { kind: 'refresh.reused', answer: reused, actor: person },
    { kind: 'session.ended', answer: ended, actor: person },
  ]
}

async function changesBy(admin: Person, person: Person): Promise<Seen[]> {
  const part = person.id
  return [
    { kind: 'user.blocked', answer: await invoke(admin.call, 'blockUser', { part }), actor: admin },
    { kind: 'user.unblocked', answer: await invoke(admin.call, 'unblockUser', { part }), actor: admin },
    {
      kind: 'role.changed',
      answer: await invoke(admin.call, 'changeRole', { part, body: { role: 'client' } }),
      actor: admin,
    },
  ]
}

async function passwordOf(person: Person): Promise<Seen[]> {
  const body = { currentPassword: person.password, password: randomUUID() }
  return [
    {
      kind: 'password.changed',
      answer: await withAgent(person.call)('PUT', '/v1/me/password', { body }),
      actor: person,
    },
  ]
}

/** The line has the request's own id, and says who, whence, by what, where and how it went. */
async function isTold({ logs, until }: Context, { kind, answer, actor }: Seen): Promise<void> {
  const id = answer.field('x-request-id')
  const about = `${kind}, ${answer.status} ${answer.text.slice(0, 200)}`
  const found = await until(
    'event-missing',
    () => logs.lines().find(({ security, requestId }) => security === kind && requestId === id),
    { within: 3000 },
  ).catch((error) => {
    throw Object.assign(error, { message: `${error.message}: ${about}` })
  })
  const line = JSON.stringify(found)
  if (found.logger !== 'security') red('not-its-own-logger', line)
  if (!['success', 'failure', 'refusal'].includes(String(found.outcome))) red('no-outcome', line)
  if (!/^[\w-]{22}$/.test(String(found.addressHash))) red('no-address-hash', line)
  if (found.userAgent !== userAgent) red('no-user-agent', line)
  if (!String(found.path).startsWith('/v1/')) red('no-path', line)
  if (actor && (found.actorId !== actor.id || !found.actorRole)) red('no-actor', line)
}

/** An API that is to say nothing below `error`; it opens while the probe goes on. */
async function startQuietly({ start }: Context) {
  const [port] = await freePorts(1)
  return { running: start(['src/server.ts'], { LOG_LEVEL: 'error', PORT: String(port) }), port }
}

async function comesAtAnyLevel({ apiAt, until }: Context, { running, port }: Quiet): Promise<void> {
  const { anonymous } = apiAt(`http://127.0.0.1:${port}`)
  const live = () => anonymous('GET', '/health/live').catch(() => undefined)
  await until('second-api-does-not-start', async () => (await live())?.status === 200, { within: 60_000 })
  await logIn(anonymous, { email: 'nobody@example.com', password: 'not the password' })
  await until('switched-off-by-level', () => running.said().includes('"security":"sign-in.failed"'), { within: 3000 })
}

/** Many at once are a few lines, and the rest is told as a number. */
async function floodsAreBounded({ logs, newcomer, until }: Context): Promise<string> {
  const callers = Array.from({ length: 10 }, () => newcomer().withToken('no.token.atall'))
  const of = () => logs.lines().filter(({ security }) => security === 'token.refused')
  const before = of().length
  const start = performance.now()
  await Promise.all(callers.flatMap((call) => Array.from({ length: 15 }, () => call('GET', '/v1/me'))))
  const lines = await until('events-lost', () => {
    const written = of().slice(before)
    const more = written.reduce((sum, line) => sum + Number(line.more ?? 0), 0)
    return written.filter((line) => line.more === undefined).length + more >= 150 && written
  })
  const seconds = Math.ceil((performance.now() - start) / 1000) + 1
  const written = lines.filter((line) => line.more === undefined).length
  if (written > 20 * seconds) red('flood-not-bounded', `${written} lines in ${seconds} s`)
  return `${written} lines of 150 events`
}
