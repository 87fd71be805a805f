// Secrets of `npm start`, made once and kept in .local/ so that tokens outlive a restart. Each carries the mark that production refuses.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { developmentMark } from '../src/lib/secrets.ts'

export type DevelopmentSecrets = {
  TOKEN_SIGNING_KEY: string
  APP_SECRET: string
  ENCRYPTION_KEYS: string
  PAYMENTS_SECRET_KEY: string
  PAYMENTS_WEBHOOK_SECRETS: string
  ownerPassword: string
  appPassword: string
}

export function makeSecrets(): DevelopmentSecrets {
  const random = () => `${developmentMark}-${randomBytes(24).toString('base64url')}`
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  // Text before the first line of a PEM is ignored (RFC 7468, section 2).
  return {
    TOKEN_SIGNING_KEY: `${developmentMark}\n${key}`,
    APP_SECRET: random(),
    ENCRYPTION_KEYS: `${developmentMark}:${randomBytes(32).toString('base64')}`,
    PAYMENTS_SECRET_KEY: `sk_test_${random()}`,
    PAYMENTS_WEBHOOK_SECRETS: `whsec_${random()}`,
    ownerPassword: random(),
    appPassword: random(),
  }
}

/** Reads the secrets of a file; what it lacks, or an older version did not know, is made and kept. This user alone may read it. */
export async function keepSecrets(file: string): Promise<DevelopmentSecrets> {
  const kept = await readFile(file, 'utf8').catch(() => '{}')
  const secrets = { ...makeSecrets(), ...(JSON.parse(kept) as Partial<DevelopmentSecrets>) }
  await writeFile(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  return secrets
}
