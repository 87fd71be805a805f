import type { Database } from '../../db/client.ts'
import { afterCommit } from '../../db/committed.ts'
import { handleOnce, wasHandled } from '../../db/inbox.ts'
import { outbox } from '../../db/outbox.ts'
import type { Reads } from '../../db/reads.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Bell } from '../../lib/bell.ts'
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Mailer } from '../../lib/mailer.ts'
import type { Metrics } from '../../lib/metrics.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Audit } from '../audit/audit.service.ts'
import { nextNumber } from './live.repository.ts'
import { notificationNotFound } from './notifications.errors.ts'
import {
  findLetter,
  findNotification,
  insertNotification,
  listNotifications,
  markMailed,
  markRead,
  type NotificationRow,
} from './notifications.repository.ts'
import type { Notification, NotificationQuery } from './notifications.schemas.ts'
import { type Kind, linksOf, told } from './told.ts'

type Deps = {
  db: Database
  reads: Pick<Reads, 'newest'>
  metrics: Metrics
  cursors: Cursors
  audit: Audit
  mailer: Mailer
  bell: Bell
}
type Event = { id: string; requestId: string | null }

export type NotificationsService = ReturnType<typeof createNotificationsService>

export function createNotificationsService({ db, reads, metrics, cursors, audit, mailer, bell }: Deps) {
  const sent = metrics.counter({
    name: 'seaworthy_notifications_total',
    help: 'Notifications, by the event that they tell of',
    labelNames: ['kind'],
  })
  for (const kind of Object.keys(told)) sent.inc({ kind }, 0)

  return { tell, mail, list, read }

  /** The effect of an event: a notification for each party, and the mails that go with them. Once. */
  async function tell<K extends Kind>(event: Event, kind: K, facts: EventPayload<K>): Promise<void> {
    await handleOnce(db, 'notifications', event.id, async (tx) => {
      for (const { who, mail: byMail, text } of told[kind]) {
        const data = { text: text(facts), ...linksOf(facts) }
        const userId = String(facts[who])
        const number = await nextNumber(tx, userId)
        const row = await insertNotification(tx, { userId, eventId: event.id, kind, data, number })
        afterCommit(tx, () => sent.inc({ kind }))
        afterCommit(tx, () => bell.ring(userId))
        if (byMail) await outbox(tx, 'mail.requested', `notification:${row.id}`, { notificationId: row.id }, event)
      }
    })
  }

  /**
   * Sends a notification's mail, then records it. A process that is killed between the two sends it again, under the same
   * Message-ID, by which receivers recognise a repetition: SMTP knows no more than that.
   */
  async function mail(event: Event, { notificationId }: EventPayload<'mail.requested'>): Promise<void> {
    const letter = (await wasHandled(db, 'mail', event.id)) ? undefined : await findLetter(db, notificationId)
    if (letter) {
      const { text } = contentOf(letter.notification)
      await mailer.send({ id: event.id, to: letter.email, subject: text, text: `Hello ${letter.name},\n\n${text}\n` })
    }
    await handleOnce(db, 'mail', event.id, (tx) => markMailed(tx, notificationId))
  }

  async function list(actor: Actor, { cursor, limit }: NotificationQuery): Promise<Page<Notification>> {
    const name = `notifications ${actor.id}`
    const rows = await listNotifications(reads.newest, actor.id, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ createdAt, id }) => [createdAt, id])
    return { data: data.map(toNotification), page }
  }

  async function read(actor: Actor, id: string): Promise<Notification> {
    return db.transaction(async (tx) => {
      const marked = await markRead(tx, actor.id, id)
      if (marked)
        await audit(tx, actor, 'notification.read', id, { before: { readAt: null }, after: { readAt: marked.readAt } })
      const row = marked ?? (await findNotification(tx, actor.id, id))
      if (!row) throw notificationNotFound(id)
      return toNotification(row)
    })
  }
}

const contentOf = ({ data }: NotificationRow) => data as { text: string; [link: string]: string | null }

export function toNotification(row: NotificationRow): Notification {
  const { text, ...links } = contentOf(row)
  const { id, createdAt, readAt } = row
  return { id, kind: row.kind as Kind, text, ...linksOf(links), createdAt, readAt }
}
