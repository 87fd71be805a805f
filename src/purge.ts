// Purge door: `npm run purge` removes for good what was deleted longer ago than its retention. Made for a scheduler; safe to repeat.
import { loadConfigWithSecrets } from './config.ts'
import { purgeInbox } from './db/inbox.ts'
import { purgeKeys } from './db/once.ts'
import { purgeHandled } from './db/outbox.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

await open(async () => {
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-purge', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    const { jobs, exports, operations, erasures, sessions, links } = await createServices(config, resources, log)
    const purged = {
      jobs: await jobs.purge(config.deletedJobsKeptDays),
      idempotencyKeys: await purgeKeys(resources.db),
      events: await purgeHandled(resources.db, config.eventsKeptDays),
      // Kept for longer than their events: an event that is still there may be delivered again.
      inbox: await purgeInbox(resources.db, config.eventsKeptDays + 1),
      dataExports: await exports.purge(),
      operations: await operations.purge(),
      sessions: await sessions.purge(config.sessions.keptDays),
      links: await links.purge(),
      lookedAtAgain: await erasures.sweep(),
    }
    log.info(purged, 'purged')
  } finally {
    await resources.close()
  }
})
