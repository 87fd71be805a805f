// Dead letter door: `npm run dead-letters` lists the events that could not be told, `-- redrive ID...|all` puts them back to be told.
import process from 'node:process'
import { ConfigError, loadConfigWithSecrets } from './config.ts'
import { listDead, revive } from './db/outbox.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { openResources } from './resources.ts'
import { version } from './version.ts'

const [command = 'list', ...ids] = process.argv.slice(2)

await open(async () => {
  const wrong = command !== 'list' && (command !== 'redrive' || ids.length === 0)
  if (wrong) throw new ConfigError(['Say list, or redrive with the ids of events, or redrive all'])
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-dead-letters', version, deployment: config.deployment })
  const { db, close } = await openResources(config, log)
  try {
    const dead = await listDead(db)
    if (command === 'list') {
      for (const { id, kind, aggregate, deadAt, error } of dead)
        console.log(`${id}  ${deadAt}  ${kind}  ${aggregate}  ${error}`)
      console.log(
        dead.length === 0
          ? 'There is no dead letter.'
          : `${dead.length} dead letters. Put them back: npm run dead-letters -- redrive ID`,
      )
      return
    }
    const chosen = ids[0] === 'all' ? dead.map(({ id }) => id) : ids
    for (const id of chosen)
      console.log(`${id}  ${(await revive(db, id)) ? 'will be told again' : 'is no dead letter'}`)
  } finally {
    await close()
  }
})
