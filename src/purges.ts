// All that is removed when its time is over: the schedule and the door `npm run purge` do the same.
import type { Config } from './config.ts'
import type { Database } from './db/client.ts'
import { purgeInbox } from './db/inbox.ts'
import { purgeKeys } from './db/once.ts'
import { purgeHandled } from './db/outbox.ts'
import type { Services } from './services.ts'

/** Answers how many of each. Safe to repeat, and to run twice at once. */
export async function purgeAll(config: Config, db: Database, services: Services): Promise<Record<string, number>> {
  const { jobs, exports, operations, erasures, sessions, links, schedules, uploads } = services
  return {
    jobs: await jobs.purge(config.deletedJobsKeptDays),
    idempotencyKeys: await purgeKeys(db),
    events: await purgeHandled(db, config.eventsKeptDays),
    // Kept for longer than their events: an event that is still there may be delivered again.
    inbox: await purgeInbox(db, config.eventsKeptDays + 1),
    dataExports: await exports.purge(),
    operations: await operations.purge(),
    sessions: await sessions.purge(config.sessions.keptDays),
    links: await links.purge(),
    scheduleRuns: await schedules.purge(),
    lookedAtAgain: await erasures.sweep(),
    // The last: it fails while the store of uploads is away, and is tried again.
    uploads: await uploads.sweep(),
  }
}
