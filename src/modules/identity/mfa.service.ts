// The second factor: time-based codes (RFC 6238) of an authenticator, and recovery codes for when that is lost.
import { createHash, randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { Database, Tx } from '../../db/client.ts'
import type { Actor, Seen } from '../../lib/actor.ts'
import type { Attempts } from '../../lib/attempts.ts'
import { AppError } from '../../lib/errors.ts'
import { qrCodeOf } from '../../lib/qr-code.ts'
import type { Seal } from '../../lib/seal.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { CredentialsService } from './credentials.service.ts'
import { accountGone, signInDelayed } from './identity.errors.ts'
import { findUser, type UserRow } from './identity.repository.ts'
import { requestLetter } from './letters.service.ts'
import { mfaAlreadyOn, mfaNotOn, mfaNotStarted, mfaRequired, mfaWrong, passwordRequired } from './mfa.errors.ts'
import {
  confirmTotp,
  deleteTotp,
  findTotp,
  putRecoveryCodes,
  putSeed,
  type TotpRow,
  takeRecoveryCode,
  takeStep,
} from './mfa.repository.ts'
import type { MfaEnrolment, RecoveryCodes } from './mfa.schemas.ts'

type Deps = {
  db: Database
  audit: Audit
  seal: Seal
  security: SecurityLog
  attempts: Attempts
  credentials: CredentialsService
  /** Told when the owner of an account could not be told. */
  onError: (error: Error) => void
}
/** What a signed-in user shows again before something that matters. */
export type Proof = { password?: string | undefined; code?: string | undefined }

/** RFC 6238: SHA-1, six digits and 30 seconds are what all authenticators know. */
const kind = { algorithm: 'SHA1', digits: 6, period: 30 }
/** Steps by which a clock may be off (RFC 6238, section 5.2). */
const window = 1
/** 160 bits (RFC 4226, section 4). */
const seedBytes = 20
/** 32 characters that are not mistaken for each other: 20 of them are 100 bits. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export type MfaService = ReturnType<typeof createMfaService>

export function createMfaService({ db, audit, seal, security, attempts, credentials, onError }: Deps) {
  return { start, confirm, stop, renewRecoveryCodes, check, stepUp }

  /** A new seed, which counts once it is confirmed. Throws what `credentials.check` throws, and MFA_ALREADY_ON (409). */
  async function start(actor: Actor, password: string): Promise<MfaEnrolment> {
    const user = await credentials.check({ email: (await getUser(actor)).email, password }, actor)
    const secret = new Secret({ size: seedBytes })
    await db.transaction(async (tx) => {
      if (!(await putSeed(tx, user.id, seal.seal(Buffer.from(secret.bytes), purposeOf(user.id))))) throw mfaAlreadyOn()
      await audit(tx, actor, 'mfa.started', user.id)
    })
    const otpauthUri = new TOTP({ ...kind, secret, issuer: 'Seaworthy', label: user.email }).toString()
    const qrCode = `data:image/svg+xml;base64,${Buffer.from(qrCodeOf(otpauthUri)).toString('base64')}`
    return { otpauthUri, secret: secret.base32, qrCode }
  }

  /** Turns it on by a code of the new seed, which is used then. Throws MFA_WRONG (401), MFA_ALREADY_ON or MFA_NOT_STARTED (409). */
  async function confirm(actor: Actor, code: string): Promise<RecoveryCodes> {
    const codes = await counted(actor.id, actor, () =>
      db.transaction(async (tx) => {
        const row = await findTotp(tx, actor.id)
        if (row?.confirmedAt) throw mfaAlreadyOn()
        if (!row) throw mfaNotStarted()
        const step = stepOf(row, code)
        if (step === undefined) throw mfaWrong()
        if (!(await confirmTotp(tx, row, step))) throw mfaNotStarted()
        await audit(tx, actor, 'mfa.enabled', actor.id)
        await requestLetter(tx, { letter: 'mfa-enabled', userId: actor.id }, actor)
        return newRecoveryCodes(tx, actor.id)
      }),
    )
    security('mfa.enabled', actor)
    return codes
  }

  /** Turns it off. Throws MFA_NOT_ON (409), MFA_WRONG (401). */
  async function stop(actor: Actor, code: string): Promise<void> {
    await withCode(actor, code, async (tx) => {
      await deleteTotp(tx, actor.id)
      await audit(tx, actor, 'mfa.disabled', actor.id)
      await requestLetter(tx, { letter: 'mfa-disabled', userId: actor.id }, actor)
    })
    security('mfa.disabled', actor)
  }

  /** New recovery codes; the old ones are worth nothing then. Throws as `stop` does. */
  async function renewRecoveryCodes(actor: Actor, code: string): Promise<RecoveryCodes> {
    const codes = await withCode(actor, code, async (tx) => {
      await audit(tx, actor, 'mfa.recovery-codes-renewed', actor.id)
      return newRecoveryCodes(tx, actor.id)
    })
    security('mfa.recovery-codes-renewed', actor)
    return codes
  }

  /**
   * At a sign-in, after whatever else it takes was right: passes when the second factor is off, or by a code, which is used then.
   * Throws MFA_REQUIRED or MFA_WRONG (401), or SIGN_IN_DELAYED (429) while earlier failures let this try wait.
   */
  async function check(tx: Tx, { id }: { id: string }, code: string | undefined, seen: Seen): Promise<void> {
    const row = await findTotp(tx, id)
    if (!row?.confirmedAt) return
    if (code === undefined) throw mfaRequired()
    await counted(id, seen, async () => {
      if (!(await take(tx, row, code, seen))) throw mfaWrong()
    })
  }

  /**
   * Before something that matters, of someone who is signed in: a code where the second factor is on, else the password. Answers what
   * has to run in the transaction of that, where it uses the code up; the password is looked at before, since it takes long and no
   * transaction should wait for it. Throws what `check` and `credentials.check` throw, and PASSWORD_REQUIRED (401).
   */
  async function stepUp(actor: Actor, { password, code }: Proof): Promise<(tx: Tx) => Promise<void>> {
    // Asked again in the transaction, since it may be turned on meanwhile.
    const confirmed = (tx: Tx) => check(tx, actor, code, actor)
    if ((await findTotp(db, actor.id))?.confirmedAt) return confirmed
    if (password === undefined) throw passwordRequired()
    await credentials.check({ email: (await getUser(actor)).email, password }, actor)
    return confirmed
  }

  async function withCode<T>(actor: Actor, code: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return counted(actor.id, actor, () =>
      db.transaction(async (tx) => {
        const row = await findTotp(tx, actor.id)
        if (!row?.confirmedAt) throw mfaNotOn()
        if (!(await take(tx, row, code, actor))) throw mfaWrong()
        return work(tx)
      }),
    )
  }

  /** Whether the code is good and unused; it is used then. */
  async function take(tx: Tx, row: TotpRow, code: string, seen: Seen): Promise<boolean> {
    const plain = plainOf(code)
    if (/^\d{6}$/.test(plain)) {
      const step = stepOf(row, plain)
      return step !== undefined && (await takeStep(tx, row.userId, step))
    }
    const isTaken = await takeRecoveryCode(tx, row.userId, hashOf(plain))
    if (isTaken) security('mfa.recovery-code-used', seen, { userId: row.userId })
    return isTaken
  }

  /** The time step that a code belongs to. Throws when the seed can't be opened: it is not that user's, or its key is gone. */
  function stepOf({ userId, sealedSeed }: TotpRow, code: string): number | undefined {
    const seed = seal.open(sealedSeed, purposeOf(userId))
    const secret = new Secret({ buffer: new Uint8Array(seed).buffer })
    const delta = TOTP.validate({ ...kind, secret, token: plainOf(code), window })
    return delta === null ? undefined : TOTP.counter(kind) + delta
  }

  /**
   * Counts a try of a code, under a name of its own: a right password clears the count of passwords, and someone who has that would
   * otherwise guess codes without end.
   */
  async function counted<T>(userId: string, seen: Seen, attempt: () => Promise<T>): Promise<T> {
    const guess = { account: `mfa ${userId}`, ...seen }
    const wait = await attempts.before(guess)
    if (wait > 0) {
      security('sign-in.delayed', seen, { userId, wait })
      throw signInDelayed(wait)
    }
    const result = await attempt().catch(async (error) => {
      if (!(error instanceof AppError) || error.code !== 'MFA_WRONG') await attempts.undecided(guess)
      else await failed(guess, userId, seen)
      throw error
    })
    await attempts.succeeded(guess)
    return result
  }

  async function failed(guess: Parameters<Attempts['failed']>[0], userId: string, seen: Seen): Promise<void> {
    const { locked, tell } = await attempts.failed(guess)
    security('mfa.failed', seen, { userId })
    if (locked) security('account.locked', seen, { userId })
    // In a transaction of its own: that of the try is undone.
    if (tell) void db.transaction((tx) => requestLetter(tx, { letter: 'locked-out', userId }, seen)).catch(onError)
  }

  async function getUser({ id }: Seen & { id: string }): Promise<UserRow> {
    const user = await findUser(db, id)
    if (!user) throw accountGone()
    return user
  }
}

const purposeOf = (userId: string) => `totp:${userId}`

/** As it is kept: without what people put between the characters, and with those that they mistake for others. */
const plainOf = (code: string) => code.toLowerCase().replace(/[ -]/g, '').replaceAll('o', '0').replace(/[il]/g, '1')

/** 100 random bits need no slow hash. */
const hashOf = (plain: string) => createHash('sha256').update(plain).digest()

async function newRecoveryCodes(tx: Tx, userId: string): Promise<RecoveryCodes> {
  const character = () => alphabet[randomInt(alphabet.length)]
  const part = () => Array.from({ length: 5 }, character).join('')
  const codes = Array.from({ length: 10 }, () => Array.from({ length: 4 }, part).join('-'))
  await putRecoveryCodes(
    tx,
    userId,
    codes.map((code) => hashOf(plainOf(code))),
  )
  return { recoveryCodes: codes }
}
