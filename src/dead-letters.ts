// Dead letter door: `npm run dead-letters` lists the events that could not be told, `-- redrive ID...|all` puts them back to be told.
import process from 'node:process'
import { ConfigError, loadConfigWithSecrets } from './config.ts'
import { open } from './door.ts'
import { AppError } from './lib/errors.ts'
import { createLog } from './lib/log.ts'
import { mostRedriven } from './modules/admin/dead-letters.schemas.ts'
import { openResources } from './resources.ts'
import { createServices, type Services } from './services.ts'
import { version } from './version.ts'

const [command = 'list', ...ids] = process.argv.slice(2)

await open(async () => {
  const wrong = command !== 'list' && (command !== 'redrive' || ids.length === 0)
  if (wrong) throw new ConfigError(['Say list, or redrive with the ids of events, or redrive all'])
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-dead-letters', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    const { deadLetters } = await createServices(config, resources, log)
    if (command === 'list') return await list(deadLetters)
    const redriven = ids[0] === 'all' ? await redriveAll(deadLetters) : await redriveEach(deadLetters)
    for (const [id, outcome] of redriven) console.log(`${id}  ${outcome}`)
  } finally {
    await resources.close()
  }
})

async function list(deadLetters: Services['deadLetters']) {
  const { data } = await deadLetters.list({ limit: mostRedriven })
  for (const { id, kind, aggregate, deadAt, error } of data)
    console.log(`${id}  ${deadAt}  ${kind}  ${aggregate}  ${error}`)
  console.log(
    data.length === 0
      ? 'There is no dead letter.'
      : `${data.length} dead letters. Put them back: npm run dead-letters -- redrive ID`,
  )
}

async function redriveAll(deadLetters: Services['deadLetters']): Promise<[string, string][]> {
  const { data } = await deadLetters.redriveMany({}, { limit: mostRedriven })
  return data.map(({ id }) => [id, 'will be told again'])
}

async function redriveEach(deadLetters: Services['deadLetters']): Promise<[string, string][]> {
  const outcomes: [string, string][] = []
  for (const id of ids) {
    const found = await deadLetters.redrive({}, id).catch((error) => {
      if (error instanceof AppError && error.status === 404) return undefined
      throw error
    })
    outcomes.push([id, found ? 'will be told again' : 'is no dead letter'])
  }
  return outcomes
}
