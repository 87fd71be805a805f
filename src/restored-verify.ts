// Restored door: `node src/restored-verify.ts` says whether the books add up and the audit trail is whole in a database that was restored,
// by its exit code too: 0 they do, 1 they don't. It has no secret of the service: seals verify by the public keys in AUDIT_OLD_KEYS.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { ConfigError, loadRestoredConfig } from './config.ts'
import { openDatabase } from './db/client.ts'
import { open } from './door.ts'
import { createSigner } from './lib/signer.ts'
import { createVerificationService } from './modules/audit/verification.service.ts'
import { createLedgerVerificationService } from './modules/ledger/verification.service.ts'

const hour = 3_600_000
const waits = { connectTimeout: 5000, statementTimeout: hour, lockTimeout: 2000, idleTransactionTimeout: hour }

await open(async () => {
  const { url, sealKeys } = loadRestoredConfig()
  if (sealKeys.length === 0)
    throw new ConfigError(['AUDIT_OLD_KEYS is missing: npm run audit:verify shows the public key of the seals'])
  const { db, close } = openDatabase({ ...waits, url, poolMax: 2, connectionLifetime: hour }, () => {})
  try {
    // Nothing is signed here, so the secret is anybody's.
    const signer = createSigner({ secret: randomBytes(32).toString('hex'), purpose: 'audit seals', trusted: sealKeys })
    const trail = createVerificationService({ db, signer })
    const { isSound, books, verdicts } = await createLedgerVerificationService({
      db,
      verifyTrail: trail.verify,
    }).verify()
    const broken = verdicts.filter(({ found }) => found > 0).map(({ name, found }) => `${name} (${found})`)
    console.log(JSON.stringify({ isSound, books, verdicts: verdicts.length, broken }))
    if (!isSound) process.exitCode = 1
  } finally {
    await close()
  }
})
