// Ledger door: `npm run ledger:verify` says whether the books add up, by its exit code too: 0 they do, 1 they don't. `-- --json` says
// the same for machines. It reads alone, may run beside the service, and needs time for a large ledger: DATABASE_STATEMENT_TIMEOUT_MS.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { ConfigError, loadConfigWithSecrets } from './config.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import type { LedgerVerification } from './modules/ledger/verification.service.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

await open(async () => {
  const { json } = readOptions()
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-ledger', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    const { ledgerVerification } = await createServices(config, resources, log)
    const seen = await ledgerVerification.verify()
    console.log(json ? JSON.stringify(seen, null, 2) : inWords(seen))
    if (!seen.isSound) process.exitCode = 1
  } finally {
    await resources.close()
  }
})

function inWords({ isSound, books, verdicts }: LedgerVerification): string {
  const lines = verdicts.flatMap(({ name, says, found, ids }) => [
    `${found === 0 ? 'pass' : 'FAIL'}  ${name}: ${says}${found === 0 ? '' : ` (not so for ${found})`}`,
    ...ids.map((id) => `        ${id}`),
  ])
  const counts = Object.entries(books).map(([what, count]) => `${count} ${what}`)
  return [...lines, `${counts.join(', ')}.`, isSound ? 'The books add up.' : 'THE BOOKS DO NOT ADD UP.'].join('\n')
}

function readOptions(): { json?: boolean } {
  try {
    return parseArgs({ options: { json: { type: 'boolean' } } }).values
  } catch (error) {
    throw new ConfigError([`${(error as Error).message} Say --json, or nothing`])
  }
}
