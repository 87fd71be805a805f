// Audit door: `npm run audit:verify` says whether the audit trail is whole, by its exit code too: 0 sound, 1 tampered with.
// `-- --export FILE` also writes the latest signed checkpoint, `-- --checkpoint FILE` also asks whether the trail still holds one.
import { readFile, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { Value } from 'typebox/value'
import { ConfigError, loadConfigWithSecrets } from './config.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { Checkpoint } from './modules/audit/audit.schemas.ts'
import { openResources } from './resources.ts'
import { createServices } from './services.ts'
import { version } from './version.ts'

await open(async () => {
  const { export: target, checkpoint: kept } = readOptions()
  const checkpoint = kept && (await readCheckpoint(kept))
  const config = await loadConfigWithSecrets()
  const log = createLog({ ...config.log, service: 'seaworthy-audit', version, deployment: config.deployment })
  const resources = await openResources(config, log)
  try {
    const { verification, seals, signer } = await createServices(config, resources, log)
    const { findings, ...seen } = await verification.verify()
    const lost = checkpoint ? await verification.verifyCheckpoint(checkpoint) : undefined
    const all = lost ? [lost, ...findings] : findings
    for (const { kind, detail } of all) console.log(`${kind}  ${detail}`)
    if (seen.found > findings.length) console.log(`... and ${seen.found - findings.length} more findings`)
    console.log(`${seen.seals} seals over ${seen.rows} rows; ${seen.unsealed} rows wait to be sealed.`)
    console.log(`Seals are signed by the public key ${signer.publicKey(signer.keyId)?.base64}`)
    if (all.length === 0 && target) await writeFile(target, `${JSON.stringify(await seals.checkpoint(), null, 2)}\n`)
    console.log(all.length === 0 ? 'The audit trail is sound.' : 'THE AUDIT TRAIL WAS TAMPERED WITH.')
    if (all.length > 0) process.exitCode = 1
  } finally {
    await resources.close()
  }
})

function readOptions(): { export?: string; checkpoint?: string } {
  try {
    return parseArgs({ options: { export: { type: 'string' }, checkpoint: { type: 'string' } } }).values
  } catch (error) {
    throw new ConfigError([`${(error as Error).message} Say --export FILE or --checkpoint FILE`])
  }
}

async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    return Value.Parse(Checkpoint, JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    throw new ConfigError([`${path} is no checkpoint: ${(error as Error).message}`])
  }
}
