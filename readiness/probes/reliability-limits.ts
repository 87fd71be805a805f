// What the service does when what it waits for never comes.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, fund, parties } from './money-scene.ts'
import { accept, apply, draft, openJob, outcome, together } from './reliability-scene.ts'

/** Short enough for a probe, in the order in which they must stand; what takes longer than `patience` has no limit. */
export const shortWaits = {
  DATABASE_LOCK_TIMEOUT_MS: '300',
  DATABASE_STATEMENT_TIMEOUT_MS: '800',
  DATABASE_CONNECT_TIMEOUT_MS: '700',
  DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: '500',
  REDIS_TIMEOUT_MS: '200',
  REQUEST_TIMEOUT_MS: '1000',
  MAIL_TIMEOUT_MS: '500',
  PAYMENTS_TIMEOUT_MS: '500',
  // Whoever is left alone is not waited for.
  BREAKER_FAILURES: '1000',
  // A limit of the request itself would hide that something beneath it has none.
  HANDLER_TIMEOUT_MS: '60000',
}
const patience = 10_000

export async function everyWaitEnds(context: Context): Promise<Evidence> {
  const { api, redis } = context
  const person = await api.as('client')
  const { call } = person
  const [mails, slow] = await together(mailGivesUp(context), slowClientIsRefused(context))
  const waits = {
    lock: await lockEnds(context, call),
    statement: await statementEnds(context, person),
    idleTransaction: await idleTransactionEnds(context),
    silence: await silenceEnds(context, call),
    connect: await connectEnds(context, call),
    redis: await redisEnds(redis, call),
    payments: await paymentEnds(context),
  }
  return { ...waits, slowClient: slow, mailAttempts: mails }
}

async function lockEnds({ sql, server, until }: Context, call: Call): Promise<string> {
  const held = await sql.hold('notifications')
  const seen = await refusal('lock-unlimited', call('GET', '/v1/me/notifications', { within: patience }))
  await held.release()
  // The limit of statements would end it as well, but later.
  const why = await until('refusal-not-logged', () => whyOf(server, seen))
  if (!why.includes('lock timeout')) red('lock-unlimited', why)
  return told(seen)
}

/** The policy makes each row of the table take longer than anyone waits. */
async function statementEnds({ sql, until }: Context, { id, call }: Person): Promise<string> {
  await sql.admin(`INSERT INTO notifications (user_id, event_id, kind, data)
    SELECT id, uuidv7(), 'application.accepted', '{}' FROM users WHERE id = '${id}';
    ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
    CREATE POLICY slow ON notifications USING ((SELECT pg_sleep(600)) IS NOT NULL)`)
  const seen = await refusal('statement-unlimited', call('GET', '/v1/me/notifications', { within: patience }))
  // The client's own clock would end the wait, but leave the server at work.
  await until('statement-goes-on', async () => (await sessions(sql, "wait_event = 'PgSleep'")) === 0, { within: 3000 })
  await sql.admin(`DROP POLICY slow ON notifications; ALTER TABLE notifications DISABLE ROW LEVEL SECURITY;
    DELETE FROM notifications WHERE user_id = '${id}'`)
  return told(seen)
}

/** A process stops in the middle of a transaction, which keeps its locks from all others. */
async function idleTransactionEnds(context: Context): Promise<string> {
  const { apiAt, sql, startApi, until } = context
  const other = await startApi({ DATABASE_LOCK_TIMEOUT_MS: '20000', DATABASE_STATEMENT_TIMEOUT_MS: '20000' })
  const { call } = await apiAt(other.url).as('client')
  const held = await sql.hold('jobs')
  const sent = outcome(call('POST', '/v1/jobs', { body: draft(), within: 30_000 }))
  await held.awaited()
  other.child.kill('SIGSTOP')
  try {
    await held.release()
    const idle = () => sessions(sql, "state LIKE 'idle in transaction%'")
    await until('no-idle-transaction', async () => (await idle()) > 0)
    await until('idle-transaction-stays', async () => (await idle()) === 0)
  } finally {
    other.child.kill('SIGCONT')
  }
  const seen = await refusal('idle-transaction-stays', sent)
  other.child.kill('SIGKILL')
  return told(seen)
}

/** The server takes the statement, and nothing comes back. */
async function silenceEnds({ link, sql }: Context, call: Call): Promise<string> {
  const held = await sql.hold('notifications')
  const sent = outcome(call('GET', '/v1/me/notifications', { within: patience }))
  await held.awaited()
  link.hold()
  const seen = await refusal('silence-unlimited', sent)
  await link.mend()
  await held.release()
  return told(seen)
}

/** There is no connection left, and a new one is taken but never answered. */
async function connectEnds({ link, until }: Context, call: Call): Promise<string> {
  await link.cut()
  await link.mend()
  link.hold()
  // This one may meet a connection of which the service has not yet seen that it was cut, and is refused for that.
  await outcome(call('GET', '/v1/me', { within: patience }))
  const seen = await refusal('connect-unlimited', call('GET', '/v1/me', { within: patience }))
  await link.mend()
  await until('not-well-again', async () => (await call('GET', '/v1/me')).status === 200)
  return told(seen)
}

async function redisEnds(redis: Context['redis'], call: Call): Promise<string> {
  redis.kill('SIGSTOP')
  try {
    const seen = await outcome(call('GET', '/v1/me', { within: 3000 }))
    if (seen instanceof Error) red('redis-unlimited', seen.message)
    if (seen.status !== 200) red('redis-stops-reads', told(seen))
    return told(seen)
  } finally {
    redis.kill('SIGCONT')
  }
}

/** A provider that takes the call and says nothing: it sees the caller go away. */
async function paymentEnds(context: Context): Promise<string> {
  const both = await parties(context)
  const contract = await agreed(both)
  context.payments.fault({ do: 'hang', on: 'charge' })
  const { status } = await fund(both, contract)
  await context.until('provider-unlimited', () => context.payments.calls().some(({ gaveUp }) => gaveUp), {
    within: 4000,
  })
  return String(status)
}

/** A mail server that takes connections and says nothing: each is given up, and the mail is tried again. */
async function mailGivesUp(context: Context): Promise<number> {
  let dialled = 0
  const mute = createServer((socket) => {
    dialled += 1
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const worker = await context.startWorker({ SMTP_URL: `smtp://127.0.0.1:${(mute.address() as AddressInfo).port}` })
  try {
    const scene = await openJob(context)
    await accept(scene, await apply(scene))
    // Two addresses to confirm, an acceptance and the worker's own look are four: more are tries after one that was given up.
    await context.until('mail-unlimited', () => dialled > 6, { within: patience })
    return dialled
  } finally {
    worker.child.kill('SIGKILL')
    await worker.ended
    mute.close()
  }
}

/** A body of which nothing more comes. */
async function slowClientIsRefused({ api, until }: Context): Promise<string> {
  const { hostname, port, host } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  let heard = ''
  socket.on('data', (bytes) => {
    heard += bytes
  })
  const head = `POST /v1/auth/login HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n`
  socket.write(`${head}\r\n{`)
  await until('client-unlimited', () => heard.includes('\r\n\r\n'), { within: 6000 })
  socket.destroy()
  return heard.slice(9, 12)
}

/** Sessions of the service in a state. */
async function sessions(sql: Context['sql'], state: string): Promise<number> {
  const query = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'seaworthy' AND ${state}`
  return (await sql.admin(query)).length
}

/** A 503 with Retry-After. Red by `reason` where there is no answer. */
async function refusal(reason: string, sent: Promise<Answer | Error>): Promise<Answer> {
  const seen = await sent.catch((error: Error) => error)
  if (seen instanceof Error) red(reason, seen.message)
  if (seen.status !== 503 || !seen.field('retry-after')) red('not-a-503', told(seen))
  return seen
}

/** What the log says of a refusal, once it does. */
function whyOf(server: Context['server'], answer: Answer): string | undefined {
  const line = server.lines().find(({ requestId, err }) => err && requestId === answer.field('x-request-id'))
  return line && JSON.stringify(line.err)
}

const told = (answer: Answer) => `${answer.status} ${answer.status === 200 ? '' : answer.json().code}`.trim()
