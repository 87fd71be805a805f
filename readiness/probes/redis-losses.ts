// REL-16: under light load Redis is killed and comes back, and loses all that it held. REL-18 looks at failovers.
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import type { Evidence } from '../control.ts'
import { openWork, secondsSince, type Work } from './redis-scene.ts'
import { count, patientDatabase } from './reliability-scene.ts'

/** Each wait of its own beyond the bound, so that nothing heals by what comes round anyway. One job at a time: others wait in Redis. */
export const slowSweeps = {
  ...patientDatabase,
  OUTBOX_RETRY_MS: '120000',
  SCHEDULES: 'figures=* * * * * *',
  SCHEDULES_WATCH_MS: '120000',
  WORKER_CONCURRENCY: '1',
}

export async function healsAfterLosses(context: Context): Promise<Evidence> {
  const { api, redis, until } = context
  const work = await openWork(context, api)
  await work.canary('never-done')
  await untilScheduled(context, 'never-scheduled')
  const restart = await under(context, work, async () => {
    redis.kill('SIGKILL')
    const before = work.turns()
    await until('work-stops', () => work.turns() >= before + 2)
    await redis.restart()
  })
  const flush = await under(context, work, () => forgetAll(context, work))
  const ready = async () => (await api.anonymous('GET', '/health/ready')).text.includes('"status":"ready"')
  await until('still-degraded', ready)
  return { turns: work.turns(), ...named('restart', restart), ...named('flush', flush) }
}

/** Loses something while people work, and watches how it heals: by seconds since the loss. */
async function under(context: Context, work: Work, lose: () => Promise<void>) {
  const load = work.goOn()
  try {
    await lose()
    const lost = performance.now()
    const canary = await work.canary('canary-not-done')
    await untilScheduled(context, 'schedule-not-put-back')
    const schedule = secondsSince(lost)
    await load.stop()
    return { canary, schedule, allTold: await work.allToldOnce(lost) }
  } finally {
    await load.stop().catch(() => {})
  }
}

/** All keys and all scripts go, while jobs wait whose turn has not come. */
async function forgetAll(context: Context, work: Work): Promise<void> {
  const { redis, sql, until } = context
  const client = new Redis(redis.url)
  const held = await sql.hold('notifications')
  try {
    await until('never-begun', async () => (await held.waiting()) > 0)
    const before = work.turns()
    await until('work-stops', () => work.turns() >= before + 3)
    await until('never-waiting', async () => (await client.llen('seaworthy:events:wait')) > 2)
    await client.script('FLUSH')
    await client.flushall()
  } finally {
    client.disconnect()
    await held.release()
  }
}

/** Something that was due after now is done. */
async function untilScheduled(context: Context, reason: string): Promise<void> {
  const done = `SELECT count(*) FROM schedule_runs WHERE name = 'figures' AND finished_at IS NOT NULL AND slot > $1`
  const now = new Date().toISOString()
  await context.until(reason, async () => (await count(context, done, [now])) > 0, { within: 30_000 })
}

const named = (name: string, seconds: Record<string, number>) =>
  Object.fromEntries(Object.entries(seconds).map(([what, value]) => [`${name}: ${what}, seconds`, value]))
