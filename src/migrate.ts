// Migration door: `npm run migrate` brings the schema up, `npm run migrate -- down [COUNT]` takes the last ones back.
import process from 'node:process'
import { ConfigError, loadMigrationConfig } from './config.ts'
import { migrate } from './db/migrations.ts'
import { open } from './door.ts'

const [direction = 'up', count] = process.argv.slice(2)

await open(async () => {
  if (direction !== 'up' && direction !== 'down')
    throw new ConfigError([`The direction is up or down, not "${direction}"`])
  if (count !== undefined && !/^[1-9]\d{0,3}$/.test(count))
    throw new ConfigError([`The count is a whole number from 1, not "${count}"`])
  const { ownerUrl } = loadMigrationConfig()
  const names = await migrate({ url: ownerUrl, direction, ...(count && { count: Number(count) }), say: console.error })
  for (const name of names) console.log(`${direction} ${name}`)
  console.log(names.length === 0 ? 'The schema is up to date.' : `${names.length} migrations run.`)
})
