// What becomes of a file of keys when one is added, and when old ones go.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readKeys } from './seal.ts'
import { splitSigningKeys } from './signing-keys.ts'

type Times = {
  /** Milliseconds since 1970. */
  now: number
  /** Milliseconds for which a new key only verifies. */
  settle: number
  /** Milliseconds that a token lives. */
  lifetime: number
}

const timeOf = (now: number) => new Date(now).toISOString()

/** A new signing key in front of those there are, dated. Throws when those are none, or too many. */
export function withNewSigningKey(text: string, now: number): string {
  splitSigningKeys(text)
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const longer = `created ${timeOf(now)}\n${pem}\n${text.trim()}\n`
  splitSigningKeys(longer)
  return longer
}

/**
 * The text without the keys whose last token has ended: a key signs until the one above it has settled, and its tokens live on for
 * their time. Throws when there is none such, saying when there will be.
 */
export function withoutOldSigningKeys(text: string, { now, settle, lifetime }: Times): string {
  const keys = splitSigningKeys(text)
  if (keys.length === 1) throw new Error('There is one key, and it signs: nothing can go')
  // When the tokens of the key beneath this one have ended; never, where nobody knows when this one came.
  const ends = keys.map(({ createdAt }) => (createdAt > 0 ? createdAt + settle + lifetime : Number.POSITIVE_INFINITY))
  const kept = ends.findIndex((end) => end <= now) + 1
  if (kept > 0 && kept < keys.length)
    return `${keys
      .slice(0, kept)
      .map((key) => key.text)
      .join('\n\n')}\n`
  const end = ends.at(-2) ?? Number.POSITIVE_INFINITY
  throw new Error(
    Number.isFinite(end)
      ? `Tokens of the last key can be good until ${timeOf(end)}: try again then`
      : 'The key above the last one does not say when it was created: write a line "created TIME" above it',
  )
}

/** A new encryption key in front of those there are, named by its time. Throws when those are none. */
export function withNewEncryptionKey(text: string, now: number): string {
  readKeys(text)
  // Their names have no finer time than the second: the next one, so that none is older than it is.
  const name = timeOf(now + 999)
    .replace(/[.]\d+/, '')
    .replace(/[-:]/g, '')
    .toLowerCase()
  const longer = `${name}:${randomBytes(32).toString('base64')},${text.trim()}\n`
  readKeys(longer)
  return longer
}

/** The list without the key of that name. Throws when it is not there, or is the first, which seals. */
export function withoutEncryptionKey(text: string, name: string): string {
  const [first, ...older] = readKeys(text).keys()
  if (name === first) throw new Error(`${name} is the key that seals: it stays`)
  if (!older.includes(name)) throw new Error(`No key has the name ${name}`)
  const kept = text
    .trim()
    .split(',')
    .filter((entry) => !entry.trim().startsWith(`${name}:`))
  return `${kept.join(',')}\n`
}
