// Keeps what the service must be able to read again, such as the seed of a second factor, so that a copy of the database can't:
// AES-256-GCM (NIST SP 800-38D) under a key of the environment that can be changed.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { settled } from './settled.ts'

export type Seal = ReturnType<typeof createSeal>

/** Keys by name, from `name:base64,name:base64`; the first is the one that seals. Throws when one is not 32 bytes. */
export function readKeys(text: string): Map<string, Buffer> {
  const keys = text.split(',').map((entry): [string, Buffer] => {
    const [name = '', key = '', ...more] = entry.trim().split(':')
    const bytes = Buffer.from(key, 'base64')
    if (!/^[a-z0-9-]{1,40}$/.test(name) || bytes.length !== 32 || more.length > 0) throw new Error('not a list of keys')
    return [name, bytes]
  })
  if (new Set(keys.map(([name]) => name)).size < keys.length) throw new Error('two keys have one name')
  return new Map(keys)
}

/**
 * `seal` answers `name.nonce.tag.ciphertext` (base64url). `open` throws when the text was changed, was sealed for another `purpose`
 * (such as `totp:<user id>`, so that nobody moves it to another row), or under a key that is no longer there. For `settle`
 * milliseconds a key whose name is the time at which it was made only opens, until every process has it.
 */
export function createSeal(keyList: string, settle = 0) {
  let keys = readKeys(keyList)

  return { seal, open, isCurrent: (sealed: string) => sealed.split('.', 1)[0] === currentName(), currentName, use }

  /** Other keys from now on; false where they have the same names. Throws, and keeps what there is, when one is none. */
  function use(list: string): boolean {
    const fresh = readKeys(list)
    const changed = [...fresh.keys()].join() !== [...keys.keys()].join()
    keys = fresh
    return changed
  }

  /** The name of the key that seals. */
  function currentName(): string {
    return settled(
      [...keys.keys()].map((name) => ({ name, createdAt: createdAtOf(name) })),
      settle,
    ).name
  }

  function seal(plain: string | Buffer, purpose: string): string {
    const nonce = randomBytes(12)
    const current = currentName()
    const cipher = createCipheriv('aes-256-gcm', keyOf(current), nonce).setAAD(Buffer.from(purpose))
    const sealed = Buffer.concat([cipher.update(plain as string), cipher.final()])
    return [current, ...[nonce, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.')
  }

  function open(sealed: string, purpose: string): Buffer {
    const [name, ...parts] = sealed.split('.')
    const [nonce, tag, text] = parts.map((part) => Buffer.from(part, 'base64url'))
    if (!nonce || !tag || !text) throw new Error('This is not sealed')
    const decipher = createDecipheriv('aes-256-gcm', keyOf(name), nonce, { authTagLength: 16 })
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(tag)
    return Buffer.concat([decipher.update(text), decipher.final()])
  }

  function keyOf(name: string | undefined): Buffer {
    const key = keys.get(name ?? '')
    if (!key) throw new Error('The key of this seal is not among ENCRYPTION_KEYS')
    return key
  }
}

/** Of a name such as 20261125t100000z, in milliseconds since 1970; 0 for any other, which is long ago. */
function createdAtOf(name: string): number {
  const [, day, time] = /^(\d{8})t(\d{6})z$/.exec(name) ?? []
  if (!day || !time) return 0
  return Date.parse(`${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`) || 0
}
