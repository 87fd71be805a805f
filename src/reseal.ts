// Reseal door: `npm run reseal` seals under the newest encryption key whatever is sealed under an older one. Safe to repeat, and to stop.
import { loadConfigWithSecrets } from './config.ts'
import { resealColumn, sealedColumns } from './db/reseal.ts'
import { open } from './door.ts'
import { createLog } from './lib/log.ts'
import { createSeal, readKeys } from './lib/seal.ts'
import { openResources } from './resources.ts'
import { version } from './version.ts'

await open(async () => {
  const config = await loadConfigWithSecrets()
  const seal = createSeal(config.encryptionKeys, config.secrets.settle)
  const [newest, ...older] = readKeys(config.encryptionKeys).keys()
  if (seal.currentName() !== newest)
    throw new Error(
      `The key ${newest} is too young: not every process has it yet. Try again in ${config.secrets.settle} ms`,
    )
  const log = createLog({ ...config.log, service: 'seaworthy-reseal', version, deployment: config.deployment })
  const { db, close } = await openResources(config, log)
  try {
    for (const place of sealedColumns)
      console.log(`${place.table}.${place.column}: ${await resealColumn(db, seal, place)} sealed again`)
    const left = older.length > 0 ? `Nothing needs ${older.join(', ')} any more.` : 'There is no older key.'
    console.log(`All is sealed under ${newest}. ${left}`)
  } finally {
    await close()
  }
})
