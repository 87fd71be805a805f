// Secrets of `npm start`, made once and kept in .local/ so that tokens outlive a restart. Each carries the mark that production refuses.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { developmentMark } from '../src/lib/secrets.ts'

export type DevelopmentSecrets = {
  TOKEN_SIGNING_KEY: string
  CURSOR_SECRET: string
  ownerPassword: string
  appPassword: string
}

export function makeSecrets(): DevelopmentSecrets {
  const random = () => `${developmentMark}-${randomBytes(24).toString('base64url')}`
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  // Text before the first line of a PEM is ignored (RFC 7468, section 2).
  return {
    TOKEN_SIGNING_KEY: `${developmentMark}\n${key}`,
    CURSOR_SECRET: random(),
    ownerPassword: random(),
    appPassword: random(),
  }
}

/** Reads the secrets of a file, or makes it, readable by this user only. */
export async function keepSecrets(file: string): Promise<DevelopmentSecrets> {
  try {
    await writeFile(file, JSON.stringify(makeSecrets(), null, 2), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return JSON.parse(await readFile(file, 'utf8')) as DevelopmentSecrets
}
