// Purge door: `npm run purge` removes for good what was deleted longer ago than its retention. Made for a scheduler; safe to repeat.
import { loadConfig } from './config.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

await open(async () => {
  const config = loadConfig()
  const log = createLog({ ...config.log, service: 'seaworthy-purge', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    const { jobs } = await createServices(config, resources)
    log.info({ jobs: await jobs.purge(config.deletedJobsKeptDays) }, 'purged')
  } finally {
    await resources.close()
  }
})
