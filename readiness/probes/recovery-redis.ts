// DRY-12: Redis is lost with all that it held, while events wait in it, are worked on, and are not in it yet.
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { logIn, mailsTo, told } from './mail-scene.ts'
import { accept, apply, count, openJob, type Scene, together } from './reliability-scene.ts'

/** Calls of the policy `payment` that one person has in a minute. */
const limit = 5
/** What the probe stands on. One job at a time: the others wait in Redis. */
export const smallRedis = { WORKER_CONCURRENCY: '1', OUTBOX_RETRY_MS: '2000', LIMIT_PAYMENT: `${limit}/60s` }

// Those of a client are of the application, that of the worker is of the acceptance.
const toldOf = 'SELECT count(*) FROM notifications WHERE user_id = $1'
const nobody = '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'

export async function outlivesItsRedis(context: Context): Promise<Evidence> {
  const { api, redis, sql, until } = context
  const scenes = await together(openJob(context), openJob(context), openJob(context))
  const [{ client, worker, jobId }, ...others] = scenes
  const { refreshToken } = (await logIn(api.anonymous, client)).json()
  const spent = await spend(client)
  await cached(context, jobId)

  const held = await sql.hold('notifications')
  const [application] = await together(apply(scenes[0]), ...others.map(apply))
  const published = "SELECT count(*) FROM outbox WHERE kind = 'application.submitted' AND published_at IS NOT NULL"
  await until('never-published', async () => (await count(context, published)) === scenes.length)
  await until('never-begun', async () => (await held.waiting()) > 0)
  const inRedis = await loseAll(redis)

  const accepted = await accept({ client }, application, { within: 5000 })
  if (accepted.status !== 201) red('write-refused', told(accepted))
  const title = 'Written while Redis was away'
  const patched = { body: { title }, headers: { 'if-match': '*' } }
  const changed = await others[0].client.call('PATCH', `/v1/jobs/${others[0].jobId}`, patched)
  if (changed.status !== 200) red('write-refused', told(changed))
  await held.release()
  await redis.restart()
  if (await keeps(redis)) throw new Error('Redis came back with what it had')

  const events = await eachHasItsEffectOnce(context, scenes, worker)
  const sessions = await goOn(context, client, String(refreshToken))
  await until('does-not-return', async () =>
    (await api.anonymous('GET', '/health/ready')).text.includes('"status":"ready"'),
  )
  const again = await spend(client)
  const cache = await cached(context, others[0].jobId, title)
  return { keysLost: inRedis, ...events, ...sessions, limitBefore: spent, limitAfter: again, cache }
}

/** Takes all that Redis holds, then Redis itself. Answers how many keys that were. */
async function loseAll({ url, kill }: Context['redis']): Promise<number> {
  const redis = new Redis(url)
  try {
    await redis.set('probe:mark', 'there')
    const keys = await redis.dbsize()
    await redis.flushall()
    return keys
  } finally {
    redis.disconnect()
    kill('SIGKILL')
  }
}

async function keeps({ url }: Context['redis']): Promise<boolean> {
  const redis = new Redis(url)
  try {
    return (await redis.exists('probe:mark')) > 0
  } finally {
    redis.disconnect()
  }
}

/** The three that were in Redis, and the one that never came there. */
async function eachHasItsEffectOnce(context: Context, scenes: readonly Scene[], accepted: Person) {
  const { mail, until, sql } = context
  const wanted = [...scenes.map(({ client }) => client.id), accepted.id]
  const times = () => Promise.all(wanted.map((id) => count(context, toldOf, [id])))
  const begun = performance.now()
  await until('event-lost', async () => (await times()).every((one) => one > 0))
  await until('event-lost', () => mailsTo(mail, accepted.email).length > 0)
  const seconds = Math.round((performance.now() - begun) / 100) / 10
  const open = 'SELECT count(*) FROM outbox WHERE handled_at IS NULL'
  await until('never-handled', async () => (await count(context, open)) === 0)
  const twice = await sql.admin('SELECT FROM notifications GROUP BY event_id, user_id HAVING count(*) > 1')
  const mails = mailsTo(mail, accepted.email).length
  if (twice.length > 0 || mails !== 1) red('told-twice', `${twice.length} notifications, ${mails} mails`)
  return { events: wanted.length, toldAfterSeconds: seconds, mails }
}

/** Who was signed in still is, and renews the session. */
async function goOn({ api }: Context, { call }: Person, refreshToken: string) {
  const me = await call('GET', '/v1/me')
  if (me.status !== 200) red('session-lost', told(me))
  const renewed = await api.anonymous('POST', '/v1/auth/refresh', { body: { refreshToken } })
  if (renewed.status !== 200) red('session-lost', told(renewed))
  return { signedIn: me.status, renewed: renewed.status }
}

/** Calls until the limit refuses; answers how many it took. */
async function spend({ call }: Person): Promise<number> {
  const body = { paymentMethod: 'pm_card_visa' }
  for (let taken = 0; taken <= 2 * limit; taken++) {
    const answer = await call('POST', `/v1/contracts/${nobody}/funding`, { body })
    if (answer.status !== 429) continue
    // On a slow machine one slides out meanwhile.
    if (taken < limit) red('limit-not-from-zero', `refused after ${taken}`)
    return taken
  }
  return red('limit-not-held', `more than ${2 * limit} were taken`)
}

/** A read that the cache answers after the first, with what was written last. */
async function cached({ api, until }: Context, id: string, title?: string): Promise<string> {
  const hit = await until('cache-stays-empty', async () => {
    const answer = await api.anonymous('GET', `/v1/jobs/${id}`)
    if (title && answer.json().title !== title) red('old-answer', answer.text.slice(0, 200))
    return answer.field('cache-status')?.includes('; hit') && answer
  })
  return hit.field('cache-status') ?? ''
}
