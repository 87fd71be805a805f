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
import { startMetrics } from '../src/metrics.ts'
import { type Process, run } from '../src/run.ts'
import { startServer } from '../src/server.ts'
import { startWorker } from '../src/worker.ts'
import { createDatabase, type DatabaseUrls, withClient } from './create-database.ts'
import { demoPassword, demoSignIns, fillWithDemo } from './demo-data.ts'
import { type DevelopmentSecrets, keepSecrets } from './development-secrets.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import { renderHomePage } from './home-page.ts'
import { openMailCatcher } from './mail-catcher.ts'
import { openPaymentSandbox, type PaymentSandbox } from './payment-sandbox.ts'

const { values: wanted } = parseArgs({ options: { reset: { type: 'boolean' }, data: { type: 'string' } } })
const local = resolve(wanted.data ?? `${import.meta.dirname}/../.local`)
const dataDir = resolve(local, 'postgres')
const secretsFile = resolve(local, 'secrets.json')
const paymentsFile = resolve(local, 'payments.jsonl')
const uploadsFolder = resolve(local, 'uploads')

type Link = [path: string, title: string, about: string]
type Beneath = { mail: string | undefined; payments: PaymentSandbox | undefined }

const pages: Link[] = [
  ['/docs', 'API documentation', 'Every route, with a form to try it'],
  ['/openapi.json', 'OpenAPI document', 'The same for machines, made of the schemas that validate'],
  ['/v1/jobs', 'Open jobs', 'The public list, as JSON'],
  ['/health/ready', 'Ready', 'What a platform asks before it sends traffic'],
  ['/health/live', 'Live', 'What a platform asks before it restarts a process'],
]

if (existsSync('.env')) process.loadEnvFile('.env')
/** What is set; a variable left empty, as in a copy of .env.example, is not. */
const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value))

await open(async () => {
  if (given.NODE_ENV === 'production')
    throw new ConfigError(['npm start is for development: production runs src/server.ts'])
  if (wanted.reset) await reset()
  await makeFolder()
  const secrets = await keepSecrets(secretsFile)
  const { urls, release } = await findDatabase(secrets)
  const mail = given.SMTP_URL ? undefined : await openMailCatcher({ webPort: 8025 }).catch(() => openMailCatcher())
  const payments = given.PAYMENTS_URL ? undefined : await openPayments(secrets)
  const closeBeneath = async () => {
    await mail?.close()
    await payments?.close()
    await release()
  }
  try {
    const outside = { SMTP_URL: mail?.smtpUrl, PAYMENTS_URL: payments?.url }
    await serve(settings(secrets, urls, outside), urls.ownerUrl, { mail: mail?.webUrl, payments }, closeBeneath)
  } catch (error) {
    await closeBeneath()
    throw error
  }
})

function settings(
  { ownerPassword: _, appPassword: __, ...secrets }: DevelopmentSecrets,
  { ownerUrl, appUrl }: DatabaseUrls,
  outside: { SMTP_URL: string | undefined; PAYMENTS_URL: string | undefined },
): Config {
  return loadConfig({
    NODE_ENV: 'development',
    PUBLIC_URL: `http://127.0.0.1:${given.PORT ?? '8080'}`,
    SECURITY_CONTACT: 'mailto:security@example.com',
    LOG_FORMAT: process.stdout.isTTY ? 'pretty' : 'json',
    DRAIN_MS: '0',
    // So short that a journey can be seen to its end; usually people have days to dispute.
    RELEASE_AFTER_SECONDS: '5',
    SCHEDULES: 'contract-release=*/5 * * * * *',
    QUEUE_DATABASE_URL: ownerUrl,
    UPLOADS_URL: `file:${uploadsFolder}`,
    // Where REDIS_URL is given, it is whatever Redis a developer has.
    QUEUE_REDIS_CHECK: 'warn',
    ...outside,
    MAIL_FROM: 'seaworthy@example.com',
    ...secrets,
    ...given,
    DATABASE_URL: appUrl,
  })
}

/** API and worker in one process. */
async function serve(config: Config, ownerUrl: string, { mail, payments }: Beneath, closeBeneath: () => Promise<void>) {
  await migrateOrExplain(ownerUrl)
  const links = [...pages]
  if (mail) links.push([mail, 'Mail', 'Every mail that the service sends ends here'])
  if (payments)
    links.push([payments.url, 'Payments', 'What stands in for Stripe, with everything that it was asked for'])
  const homePage = renderHomePage({ links, signIns: demoSignIns, password: demoPassword, url: config.publicUrl })
  let filled = false
  let address = ''
  const fill = async ({ services }: Process) => {
    filled = await fillWithDemo(services)
    return undefined
  }
  const listen = async (parts: Process) => {
    const server = await startServer(parts, homePage)
    address = server.address
    return server
  }
  await run(config, 'seaworthy', [fill, startWorker, startMetrics, listen], [{ close: closeBeneath }])
  payments?.sendWebhooks({ url: `${address}/v1/webhooks/payments` })
  console.log(summary(address, filled, { mail, payments }))
}

/** What stands in for the provider; it remembers as long as the database does. */
function openPayments({ PAYMENTS_WEBHOOK_SECRETS }: DevelopmentSecrets): Promise<PaymentSandbox> {
  const secret = given.PAYMENTS_WEBHOOK_SECRETS?.split(',')[0] ?? PAYMENTS_WEBHOOK_SECRETS
  const options = { file: paymentsFile, webhook: { secret } }
  return openPaymentSandbox({ ...options, port: 8420 }).catch(() => openPaymentSandbox(options))
}

/** The database of DATABASE_URL, or the embedded one, which is stopped at the end unless another process uses it too. */
async function findDatabase(secrets: DevelopmentSecrets) {
  const { DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl = appUrl } = given
  if (appUrl && ownerUrl) return { urls: { appUrl, ownerUrl }, release: async () => {} }
  const postgres = await openEmbeddedPostgres({ dataDir })
  const passwords = { owner: secrets.ownerPassword, app: secrets.appPassword }
  const urls = await createDatabase({ adminUrl: postgres.url, name: 'seaworthy', passwords })
  let released = false
  const release = async () => {
    if (released) return
    released = true
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
    const way = given.DATABASE_URL
      ? 'Check DATABASE_OWNER_URL'
      : 'If .local/ is from another version, start afresh: npm start -- --reset'
    throw new Error(`The database could not be migrated: ${(error as Error).message}\n${way}`)
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
  for (const path of [postgres?.dataDir ?? dataDir, secretsFile, paymentsFile, uploadsFolder])
    await rm(path, { recursive: true, force: true })
}

function summary(address: string, filled: boolean, { mail, payments }: Beneath): string {
  const entries = [
    ['Home page', `${address}/`],
    ['API documentation', `${address}/docs`],
    ['API', `${address}/v1`],
    ['Mail', mail ?? 'goes to SMTP_URL'],
    ['Payments', payments?.url ?? 'go to PAYMENTS_URL'],
    ...demoSignIns.map(({ role, email }) => [`Sign in as ${role}`, `${email}  ${demoPassword}`]),
    ['Data', `${local}${filled ? ' (new, with demo data)' : ''}`],
    ['Stop', 'Ctrl-C'],
    ['Start afresh', 'npm start -- --reset'],
  ]
  return `\nSeaworthy is ready.\n\n${entries.map(([name = '', value]) => `  ${name.padEnd(20)} ${value}`).join('\n')}\n`
}
