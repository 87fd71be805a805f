// Passwords by NIST SP 800-63B, section 3.1.1: long, of any characters, not among those that attackers try first, and nothing else.
import { randomUUID } from 'node:crypto'
import { hash as argon2, verify } from '@node-rs/argon2'
import { BulkheadRejectedError, bulkhead } from 'cockatiel'
import { simplicityOf } from './common-passwords.ts'
import { AppError } from './errors.ts'
import type { Metrics } from './metrics.ts'

export type Passwords = ReturnType<typeof createPasswords>

type Options = {
  /** KiB that one hash takes. */
  memoryCost: number
  /** How often it goes over that memory. */
  timeCost: number
  /** Hashes at once: each keeps one of libuv's four threads, which files and DNS need too. */
  atOnce: number
  /** How many wait for a place; at 50 ms each, 40 wait a second with two places. */
  waiting?: number
  metrics: Metrics
}
/** Whose password it is: what it must not consist of. */
export type Person = { email: string; name: string }

/** Characters (code points) that a new password has at least. */
const least = 12

const busy = () =>
  new AppError(503, 'PASSWORDS_BUSY', 'Too many passwords are being checked: try again in a moment', {
    headers: { 'retry-after': '1' },
  })

/**
 * Argon2id (RFC 9106) by native code in threads of libuv: the event loop stays free. Of a flood of sign-ins `waiting` wait, and the
 * rest is refused by PASSWORDS_BUSY (503), so that all other requests are served as ever.
 */
export function createPasswords({ memoryCost, timeCost, atOnce, waiting = 40, metrics }: Options) {
  const parameters = { memoryCost, timeCost, parallelism: 1 }
  const places = bulkhead(atOnce, waiting)
  // What an unknown account is compared with, so that it takes as long as a known one.
  const nobody = argon2(randomUUID(), parameters)

  return { choose, fits, needsRehash, hash }

  /**
   * The hash of a new password. Throws a 400 that names the member at `path` when it is too short, or too simple for its person;
   * registration, change and reset all come here.
   */
  async function choose(password: string, person: Person, path = '/body/password'): Promise<string> {
    const plain = normalise(password)
    if ([...plain].length < least) throw refused('INPUT_INVALID', path, `must have at least ${least} characters`)
    const why = await simplicityOf(plain, person)
    if (why) throw refused('PASSWORD_COMMON', path, `${why}: choose another`)
    return hash(plain)
  }

  function hash(password: string): Promise<string> {
    return inTurn(() => argon2(normalise(password), parameters))
  }

  /**
   * Whether the password belongs to the hash. Without a hash it is false, and takes as long as with one of today's parameters; an
   * older hash is quicker until its owner signs in and `needsRehash` renews it.
   */
  async function fits(password: string, passwordHash: string | undefined): Promise<boolean> {
    const other = passwordHash ?? (await nobody)
    const isSame = await inTurn(() => verify(other, normalise(password)))
    return isSame && passwordHash !== undefined
  }

  /** Whether the parameters rose since the hash was made. */
  function needsRehash(passwordHash: string): boolean {
    const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(passwordHash) ?? []
    return !(Number(memory) >= memoryCost && Number(passes) >= timeCost)
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    return places
      .execute(() => metrics.timed('password', work))
      .catch((error) => Promise.reject(error instanceof BulkheadRejectedError ? busy() : error))
  }
}

const refused = (code: string, path: string, message: string) =>
  new AppError(400, code, 'This password can not be taken: see errors', { errors: [{ path, message }] })

/** What a keyboard writes as one character or as two is the same password: OpaqueString of RFC 8265, section 4.2. */
const normalise = (password: string) => password.replace(/\p{Zs}/gu, ' ').normalize('NFC')
