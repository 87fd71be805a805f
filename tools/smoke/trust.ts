// Which certificates the smoke test trusts: the usual authorities, and one more that is named, or that this machine made for itself.
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseEnv } from 'node:util'

const isHere = (hostname: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/** Answers the file that is trusted besides. Throws when a named one can't be read, or is none. Verification is never turned off. */
export function trustFor(url: URL, named: string | undefined): string | undefined {
  const file = named ?? (url.protocol === 'https:' && isHere(url.hostname) ? localAuthority() : undefined)
  if (!file || (!named && !existsSync(file))) return undefined
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(file, 'utf8')])
  return file
}

/** The authority that scripts/make-secrets makes. */
function localAuthority(): string {
  const set = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')).SECRETS_DIR : undefined
  return resolve(process.env.SECRETS_DIR || set || 'secrets', 'tls/ca.crt')
}
