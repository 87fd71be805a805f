// The rows of events, of who was told of them, and of the audit trail.
import { linksOf, told } from '../../src/modules/notifications/told.ts'
import type { Rows } from './copy.ts'
import type { SeededEvent } from './events.ts'
import { draft, type Market } from './market.ts'
import { clientNumber, idOf, jobIdOf } from './names.ts'
import { shareOf } from './words.ts'

const [minute, day] = [60_000, 86_400_000]

export function outboxRows(events: SeededEvent[]): Rows {
  const columns = 'id, aggregate, kind, payload, created_at, published_at, handled_at'
  return { table: 'outbox', columns, rows: rows() }

  function* rows() {
    for (const [number, { at, kind, aggregate, facts }] of events.entries()) {
      const moment = new Date(at)
      yield [idOf('event', number), aggregate, kind, JSON.stringify(facts), moment, moment, moment]
    }
  }
}

export function inboxRows(events: SeededEvent[]): Rows {
  return { table: 'inbox', columns: 'event_id, consumer, handled_at', rows: rows() }

  function* rows() {
    for (const [number, { at }] of events.entries()) yield [idOf('event', number), 'notifications', new Date(at)]
  }
}

/** Counts into `counts` how many each person was given. Nothing waits for a digest: most was read, the rest was mailed. */
export function notificationRows(events: SeededEvent[], until: number, counts: Map<string, number>): Rows {
  const columns = 'id, user_id, event_id, kind, data, number, created_at, read_at, mailed_at'
  return { table: 'notifications', columns, rows: rows() }

  function* rows() {
    let made = 0
    for (const [event, { at, kind, facts }] of events.entries())
      for (const { who, mail, text } of noticesOf(kind)) {
        const userId = String(facts[who])
        const number = (counts.get(userId) ?? 0) + 1
        counts.set(userId, number)
        const isRead = shareOf(made, 70) < 0.8
        const mailed = mail ? at + minute : isRead ? undefined : at + day
        const data = JSON.stringify({ text: text(facts), ...linksOf(facts) })
        const moments = [new Date(at), isRead ? new Date(Math.min(at + 90 * minute, until)) : null]
        yield [
          ...[idOf('notification', made++), userId, idOf('event', event), kind, data, number, ...moments],
          mailed && mailed <= until ? new Date(mailed) : null,
        ]
      }
  }
}

export function countRows(counts: ReadonlyMap<string, number>): Rows {
  return { table: 'notification_counts', columns: 'user_id, last', rows: counts.entries() }
}

/** One row for each job that was published: more would have to be sealed by whichever worker starts first. */
export function auditRows(market: Market): Rows {
  const columns = 'at, actor_id, actor_role, action, object_type, object_id, before, after'
  return { table: 'audit_log', columns, rows: rows() }

  function* rows() {
    for (let job = 0; job < market.jobs; job++) {
      if (market.status[job] === draft) continue
      const actor = [idOf('person', clientNumber(Number(market.client[job]))), 'client']
      const change = ['{"plain": {"status": "draft"}}', '{"plain": {"status": "open"}}']
      yield [new Date(Number(market.published[job])), ...actor, 'job.published', 'job', jobIdOf(job), ...change]
    }
  }
}

/** The service's own words, by whom each kind goes to. */
type Notice = { who: string; mail?: true; text: (facts: Record<string, string>) => string }
const noticesOf = (kind: string) => (told as unknown as Record<string, readonly Notice[]>)[kind] ?? []
