// Purge door: `npm run purge` removes for good what was kept for long enough, at once. Workers do it every night (schedules.ts).
import { loadConfigWithSecrets } from './config.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { purgeAll } from './purges.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

await open(async () => {
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-purge', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    log.info(await purgeAll(config, resources.db, await createServices(config, resources, log)), 'purged')
  } finally {
    await resources.close()
  }
})
