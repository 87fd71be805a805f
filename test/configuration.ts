import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { ConfigError, loadConfig } from '../src/config.ts'
import { environment } from './environment.ts'

type Source = Record<string, string | undefined>

export const pem = (kind: 'ed25519' | 'ed448') =>
  generateKeyPairSync(kind as 'ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()
export const databaseUrl = (password: string) => `postgres://service:${password}@db.internal:5432/seaworthy`
export const random = () => randomBytes(32).toString('base64url')
const encryptionKey = () => `2026-11:${randomBytes(32).toString('base64')}`

/** What a good development environment is, with changes. */
export const given = (changes: Source = {}): Source => ({ ...environment(databaseUrl('any')), ...changes })

/** What production takes, with changes. */
export const production = (changes: Source = {}): Source => ({
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.seaworthy.test',
  SECURITY_CONTACT: 'mailto:security@seaworthy.test',
  DATABASE_URL: databaseUrl(random()),
  TOKEN_SIGNING_KEY: pem('ed25519'),
  APP_SECRET: random(),
  ENCRYPTION_KEYS: encryptionKey(),
  REDIS_URL: `redis://:${random()}@redis.internal:6379/0`,
  SMTP_URL: `smtp://service:${random()}@mail.internal:587`,
  MAIL_FROM: 'no-reply@seaworthy.test',
  PAYMENTS_SECRET_KEY: `sk_live_${random()}`,
  PAYMENTS_WEBHOOK_SECRETS: `whsec_${random()}`,
  ...changes,
})

/** The lines of the one error that an environment leads to; none when it is taken. */
export function problemsOf(source: Source, load: (source: Source) => unknown = loadConfig): string[] {
  try {
    load(source)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
