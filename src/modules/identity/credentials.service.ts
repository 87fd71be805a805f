// Whether an e-mail address and a password belong together, found out no faster than guessing may be.
import type { Database } from '../../db/client.ts'
import type { Seen } from '../../lib/actor.ts'
import type { Attempts } from '../../lib/attempts.ts'
import type { Passwords } from '../../lib/passwords.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import { credentialsWrong, signInDelayed } from './identity.errors.ts'
import { findUserByEmail, renewPasswordHash, type UserRow } from './identity.repository.ts'
import type { Credentials } from './identity.schemas.ts'
import { requestLetter } from './letters.service.ts'

type Deps = {
  db: Database
  passwords: Passwords
  attempts: Attempts
  security: SecurityLog
  /** Told when the owner of an account could not be told. */
  onError: (error: Error) => void
}
type Given = Pick<Credentials, 'email' | 'password'>

export type CredentialsService = ReturnType<typeof createCredentialsService>

export function createCredentialsService({ db, passwords, attempts, security, onError }: Deps) {
  return { check }

  /**
   * The account that they belong to. Throws CREDENTIALS_WRONG (401), alike and after the same time whether the address or the
   * password is wrong, and SIGN_IN_DELAYED (429), without a look at the password, while earlier failures let this one wait.
   */
  async function check({ email, password }: Given, seen: Seen): Promise<UserRow> {
    const guess = { account: email.toLowerCase(), ...seen }
    const wait = await attempts.before(guess)
    if (wait > 0) {
      security('sign-in.delayed', seen, { wait })
      throw signInDelayed(wait)
    }
    const found = await compare(guess.account, password).catch(async (error) => {
      await attempts.undecided(guess)
      throw error
    })
    if (!found.fits) {
      const { locked, tell } = await attempts.failed(guess)
      security('sign-in.failed', seen, found.row && { userId: found.row.id })
      if (locked) security('account.locked', seen, found.row && { userId: found.row.id })
      // Nobody waits for it: an account that exists would otherwise answer later than one that does not.
      if (tell && found.row) void tellOwner(found.row.id, seen)
      throw credentialsWrong()
    }
    await attempts.succeeded(guess)
    return renew(found.row, password)
  }

  async function compare(
    email: string,
    password: string,
  ): Promise<{ fits: false; row?: UserRow } | { fits: true; row: UserRow }> {
    const row = await findUserByEmail(db, email)
    const fits = await passwords.fits(password, row?.passwordHash)
    return row ? { fits, row } : { fits: false }
  }

  /** Hashes the password anew where the parameters rose since. When too many are being hashed, the next sign-in does it. */
  async function renew(row: UserRow, password: string): Promise<UserRow> {
    if (!passwords.needsRehash(row.passwordHash)) return row
    const passwordHash = await passwords.hash(password).catch(() => undefined)
    if (!passwordHash) return row
    await renewPasswordHash(db, row, passwordHash)
    return { ...row, passwordHash }
  }

  async function tellOwner(userId: string, seen: Seen): Promise<void> {
    await db.transaction((tx) => requestLetter(tx, { letter: 'locked-out', userId }, seen)).catch(onError)
  }
}
