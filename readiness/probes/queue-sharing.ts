// Two workers, each of which does one job of a queue at a time: whether both work, and whether a slow job stays with one.
import { setTimeout as delay } from 'node:timers/promises'
import { openLink } from '../../tools/link.ts'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { isConfirmed, mailsTo } from './mail-scene.ts'

const jobs = 4

/** `lock` is how long a job belongs to a worker that says nothing, in milliseconds. */
export async function shareTheLoad(context: Context, lock: number) {
  const { api, sql, mail, startWorker, until } = context
  await using opened = new AsyncDisposableStack()
  const way = opened.adopt(await openLink(Number(new URL(mail.smtpUrl).port)), (link) => link.close())
  const settings = { SMTP_URL: `smtp://127.0.0.1:${way.port}`, WORKER_CONCURRENCY: '1' }
  const [client, worker, ...workers] = await Promise.all([
    api.as('client'),
    api.as('worker'),
    startWorker(settings),
    startWorker(settings),
  ])

  await isConfirmed(context, [client, worker])
  way.hold()
  await accept(client, await apply(worker, await openJob(client)))
  await until('never-mailed', async () => (await mailEvents('published_at IS NOT NULL')) === 1)
  const since = performance.now()
  const shared = await standStillAtBoth()

  // The mail takes four times as long as its lock lasts: who holds it has to renew it, or the other one takes it too.
  await delay(Math.max(0, 4 * lock - (performance.now() - since)))
  await way.mend()
  await until('never-mailed', async () => (await mailEvents('handled_at IS NOT NULL')) === 1)
  // Told to stop, they end what they have begun: a second mail would be there by then.
  for (const { child } of workers) child.kill('SIGTERM')
  await Promise.all(workers.map(({ ended }) => ended))
  const mails = mailsTo(mail, worker.email)
  if (mails.length !== 1) red('mailed-twice', `${mails.length} mails`)
  return { workers: workers.length, atOnce: shared.atOnce, notifications: shared.told, slowMails: mails.length }

  async function mailEvents(state: string): Promise<number> {
    return (await sql.owner(`SELECT FROM outbox WHERE kind = 'mail.requested' AND ${state}`)).length
  }

  /** Holds what every job needs: as many wait for it as workers are at work. */
  async function standStillAtBoth() {
    const held = await sql.hold('notifications')
    for (let job = 0; job < jobs; job++) await apply(worker, await openJob(client))
    const waiting = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'insert into "notification%'`
    const atOnce = await until('not-shared', async () => {
      const { length } = await sql.admin(waiting)
      return length >= workers.length && length
    })
    if (atOnce > workers.length) red('more-at-once-than-workers', String(atOnce))
    await held.release()
    const events = "SELECT id FROM outbox WHERE kind = 'application.submitted'"
    await until('never-told', async () => (await sql.owner(`${events} AND handled_at IS NULL`)).length === 0)
    const told = (await sql.owner(`SELECT FROM notifications WHERE event_id IN (${events})`)).length
    if (told !== jobs + 1) red('not-told-once', `${told} notifications of ${jobs + 1} events`)
    return { atOnce, told }
  }
}
