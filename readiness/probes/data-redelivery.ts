// Two events that had their effect are delivered once more: one that notifies, one that mails.
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { mailsTo } from './mail-scene.ts'

export async function deliverTwice({ api, sql, mail, logs, until }: Context) {
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  await accept(client, await apply(worker, await openJob(client)))
  const mails = () => mailsTo(mail, worker.email)

  const first = await until('never-mailed', () => mails()[0])
  const events = await until('never-told', async () => {
    const rows = await eventsOf(worker.id)
    return rows.length > 0 && rows.every(({ handled }) => handled) && rows
  })
  const ids = events.map(({ id }) => id)
  const mailed = events.find(({ kind }) => kind === 'mail.requested') ?? red('never-mailed')
  // A mail can't be taken back: by this id a receiver knows a repetition.
  if (!first.MessageID.startsWith(`${mailed.id}@`)) red('no-message-id', first.MessageID)

  // Published long ago and without effect: what the outbox holds of an event whose worker died before it could say so.
  await sql.owner('UPDATE outbox SET handled_at = NULL, published_at = to_timestamp(0) WHERE id = ANY ($1)', [ids])
  await until('not-handled-again', async () => {
    const failed = logs.lines().find(({ msg, eventId }) => msg === 'a job failed' && ids.includes(String(eventId)))
    if (failed) red('effect-tried-again', JSON.stringify(failed).slice(0, 300))
    return (await eventsOf(worker.id)).every(({ handled }) => handled)
  })
  const { length } = await sql.owner('SELECT FROM notifications WHERE user_id = $1', [worker.id])
  if (length !== 1) red('told-twice', `${length} notifications`)
  if (mails().length !== 1) red('mailed-twice', `${mails().length} mails`)
  if ((await eventsOf(worker.id)).length !== events.length) red('more-events')
  return { deliveredTwice: events.map(({ kind }) => kind), notifications: length, mails: mails().length }

  /** What tells this worker of an acceptance, and mails it. */
  function eventsOf(user: string) {
    return sql.owner<{ id: string; kind: string; handled: boolean }>(
      `SELECT id, kind, handled_at IS NOT NULL AS handled FROM outbox
        WHERE kind = 'application.accepted' AND payload->>'workerId' = $1::text OR kind = 'mail.requested'
          AND payload->>'notificationId' IN (SELECT id::text FROM notifications WHERE user_id = $1::uuid)
        ORDER BY position`,
      [user],
    )
  }
}
