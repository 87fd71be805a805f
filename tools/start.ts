// `npm start`: everything on one machine, with nothing installed but Node and npm. `-- --reset` deletes the data first, `-- --data
// DIR` keeps it elsewhere than in .local/.
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, loadConfig } from '../src/config.ts'
import { migrate } from '../src/db/migrations.ts'
import { open } from '../src/door.ts'
import { createLog } from '../src/lib/log.ts'
import { openResources } from '../src/resources.ts'
import { serve } from '../src/server.ts'
import { createServices } from '../src/services.ts'
import { createDatabase, type DatabaseUrls, withClient } from './create-database.ts'
import { demoPassword, demoSignIns, fillWithDemo } from './demo-data.ts'
import { type DevelopmentSecrets, keepSecrets } from './development-secrets.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import { renderHomePage } from './home-page.ts'

const { values: wanted } = parseArgs({ options: { reset: { type: 'boolean' }, data: { type: 'string' } } })
const local = resolve(wanted.data ?? `${import.meta.dirname}/../.local`)
const dataDir = resolve(local, 'postgres')
const secretsFile = resolve(local, 'secrets.json')

const links: [path: string, title: string, about: string][] = [
  ['/docs', 'API documentation', 'Every route, with a form to try it'],
  ['/openapi.json', 'OpenAPI document', 'The same for machines, made of the schemas that validate'],
  ['/v1/jobs', 'Open jobs', 'The public list, as JSON'],
  ['/health/ready', 'Ready', 'What a platform asks before it sends traffic'],
  ['/health/live', 'Live', 'What a platform asks before it restarts a process'],
]

await open(async () => {
  if (existsSync('.env')) process.loadEnvFile('.env')
  if (process.env.NODE_ENV === 'production')
    throw new ConfigError(['npm start is for development: production runs src/server.ts'])
  if (wanted.reset) await reset()
  await makeFolder()
  const secrets = await keepSecrets(secretsFile)
  const { urls, release } = await findDatabase(secrets)
  try {
    await run(secrets, urls, release)
  } catch (error) {
    await release()
    throw error
  }
})

async function run(
  { TOKEN_SIGNING_KEY, CURSOR_SECRET }: DevelopmentSecrets,
  urls: DatabaseUrls,
  release: () => Promise<void>,
) {
  const config = loadConfig({
    NODE_ENV: 'development',
    PUBLIC_URL: `http://127.0.0.1:${process.env.PORT || '8080'}`,
    LOG_FORMAT: process.stdout.isTTY ? 'pretty' : 'json',
    DRAIN_MS: '0',
    TOKEN_SIGNING_KEY,
    CURSOR_SECRET,
    ...process.env,
    DATABASE_URL: urls.appUrl,
  })
  await migrateOrExplain(urls.ownerUrl)
  const filled = await fill(config)
  const homePage = renderHomePage({ links, signIns: demoSignIns, password: demoPassword, url: config.publicUrl })
  const address = await serve(config, { homePage, afterClose: release })
  console.log(summary(address, filled))
}

/** The database of DATABASE_URL, or the embedded one, which is stopped at the end unless another process uses it too. */
async function findDatabase(secrets: DevelopmentSecrets) {
  const { DATABASE_URL: given, DATABASE_OWNER_URL: owner = given } = process.env
  if (given && owner) return { urls: { appUrl: given, ownerUrl: owner }, release: async () => {} }
  const postgres = await openEmbeddedPostgres({ dataDir })
  const passwords = { owner: secrets.ownerPassword, app: secrets.appPassword }
  const urls = await createDatabase({ adminUrl: postgres.url, name: 'seaworthy', passwords })
  const release = async () => {
    const others = "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    const { rowCount } = await withClient(postgres.url, (client) => client.query(others))
    if (!rowCount) await postgres.stop()
  }
  return { urls, release }
}

async function migrateOrExplain(ownerUrl: string) {
  try {
    await migrate({ url: ownerUrl, direction: 'up', say: console.error })
  } catch (error) {
    const way = process.env.DATABASE_URL
      ? 'Check DATABASE_OWNER_URL'
      : 'If .local/ is from another version, start afresh: npm start -- --reset'
    throw new Error(`The database could not be migrated: ${(error as Error).message}\n${way}`)
  }
}

async function fill(config: Config): Promise<boolean> {
  const resources = await openResources(
    config,
    createLog({ level: 'silent', format: 'json', service: 'start', version: '', deployment: '' }),
  )
  try {
    return await fillWithDemo(await createServices(config, resources))
  } finally {
    await resources.close()
  }
}

async function makeFolder() {
  await mkdir(local, { recursive: true }).catch((error) => {
    throw new Error(
      `The folder ${local} can't be made (${error.code}): give this user the right to write in the project folder`,
    )
  })
}

async function reset() {
  const postgres = await openEmbeddedPostgres({ dataDir }).catch(() => undefined)
  await postgres?.stop()
  for (const path of [postgres?.dataDir ?? dataDir, secretsFile]) await rm(path, { recursive: true, force: true })
}

function summary(address: string, filled: boolean): string {
  const entries = [
    ['Home page', `${address}/`],
    ['API documentation', `${address}/docs`],
    ['API', `${address}/v1`],
    ...demoSignIns.map(({ role, email }) => [`Sign in as ${role}`, `${email}  ${demoPassword}`]),
    ['Data', `${local}${filled ? ' (new, with demo data)' : ''}`],
    ['Stop', 'Ctrl-C'],
    ['Start afresh', 'npm start -- --reset'],
  ]
  return `\nSeaworthy is ready.\n\n${entries.map(([name = '', value]) => `  ${name.padEnd(20)} ${value}`).join('\n')}\n`
}
