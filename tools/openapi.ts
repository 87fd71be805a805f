// Writes docs/openapi.json, the document that the service serves at /openapi.json: `node tools/openapi.ts [--check] [FILE]`. With
// --check it writes nothing and exits with 1 when the file says something else. It needs neither a database nor the network: the
// pool connects when it is first asked, and nothing asks.
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { openDatabase } from '../src/db/client.ts'
import { createLog } from '../src/lib/log.ts'
import { createMailer } from '../src/lib/mailer.ts'
import { createServices } from '../src/services.ts'
import { makeSecrets } from './development-secrets.ts'

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true })
const file = resolve(positionals[0] ?? resolve(import.meta.dirname, '../docs/openapi.json'))

/** The document of this tree, for a deployment that doesn't exist, as pretty JSON. */
async function renderDocument(): Promise<string> {
  const { ownerPassword: _, appPassword: __, ...secrets } = makeSecrets()
  const config = loadConfig({
    NODE_ENV: 'test',
    PUBLIC_URL: 'https://seaworthy.example',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'nobody@seaworthy.example',
    ...secrets,
  })
  const log = createLog({ level: 'silent', format: 'json', service: 'openapi', version: '', deployment: '' })
  const database = openDatabase(config.database, () => {})
  const services = await createServices(
    config,
    { db: database.db, mailer: createMailer(config.mail), limitsRedis: undefined, cacheRedis: undefined },
    log,
  )
  const app = await buildApp({ config, services, log, poolUse: database.use })
  try {
    await app.ready()
    const document = app.swagger()
    if (Object.keys(document.paths ?? {}).length === 0) throw new Error('The document has no path at all')
    return `${JSON.stringify(document, null, 2)}\n`
  } finally {
    await app.close()
    await database.close()
  }
}

const rendered = await renderDocument()
if (!values.check) await writeFile(file, rendered)
else if ((await readFile(file, 'utf8').catch(() => '')) !== rendered) {
  console.error(`${file} is not what the routes and schemas say: run npm run openapi, and commit the change`)
  process.exitCode = 1
}
