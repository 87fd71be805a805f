// Whether an address belongs to its account: confirming it, and changing it for another.
import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Actor, Seen } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import { emailTaken } from './identity.errors.ts'
import { findUser, findUserByEmail, markEmailVerified, setEmail } from './identity.repository.ts'
import { requestLetter } from './letters.service.ts'
import { emailNotVerified, linkInvalid } from './links.errors.ts'
import { keepOldEmail } from './links.repository.ts'
import type { EmailChange, LinkRequested } from './links.schemas.ts'
import type { LinksService } from './links.service.ts'
import type { MfaService } from './mfa.service.ts'
import type { SessionsService } from './sessions.service.ts'

type Deps = {
  db: Database
  audit: Audit
  security: SecurityLog
  sessions: SessionsService
  links: LinksService
  mfa: MfaService
}

/** Seconds, as of the links themselves. */
const expiresIn = 24 * 60 * 60

export type EmailsService = ReturnType<typeof createEmailsService>

export function createEmailsService({ db, audit, security, sessions, links, mfa }: Deps) {
  return { askToVerify, verify, askToChange, change, requireVerified }

  /** Asks for the mail that confirms one's address. */
  async function askToVerify(actor: Actor, once?: Once): Promise<LinkRequested> {
    return runOnce(db, once, async (tx) => {
      const linkId = await links.issue(tx, 'email-verification', actor.id, actor)
      await audit(tx, actor, 'link.requested', linkId, { after: { kind: 'email-verification' } })
      return { expiresIn }
    })
  }

  /** Throws LINK_INVALID (400). */
  async function verify(token: string, seen: Seen): Promise<void> {
    await db.transaction(async (tx) => {
      const { user } = await links.use(tx, 'email-verification', token, seen)
      await markEmailVerified(tx, user.id)
      await audit(tx, { ...seen, id: user.id, role: user.role }, 'user.email-verified', user.id)
    })
  }

  /** Asks for the mail that confirms another address. Throws EMAIL_TAKEN (409), and what `mfa.stepUp` throws. */
  async function askToChange(actor: Actor, { email, ...proof }: EmailChange, once?: Once): Promise<LinkRequested> {
    const confirm = await mfa.stepUp(actor, proof)
    const newEmail = email.toLowerCase()
    return runOnce(db, once, async (tx) => {
      await confirm(tx)
      if (await findUserByEmail(tx, newEmail)) throw emailTaken()
      const change = { newEmail, sessionId: actor.sessionId }
      const linkId = await links.issue(tx, 'email-change', actor.id, actor, change)
      await audit(tx, actor, 'link.requested', linkId, { after: { kind: 'email-change' } })
      return { expiresIn }
    })
  }

  /**
   * Changes the address for the one that the link was sent to, which is confirmed by that. All sessions end but the one that asked for
   * it, all other links are dead, and the old address gets a notice. Throws LINK_INVALID (400), and EMAIL_TAKEN (409) when someone
   * else took it meanwhile.
   */
  async function change(token: string, seen: Seen): Promise<void> {
    const owner = await db.transaction(async (tx) => {
      const { link, user } = await links.use(tx, 'email-change', token, seen)
      if (!link.newEmail) throw linkInvalid()
      if (!(await setEmail(tx, user.id, link.newEmail))) throw emailTaken()
      await keepOldEmail(tx, link.id, user.email)
      await sessions.endAll(tx, user.id, 'e-mail address changed', link.sessionId ?? undefined)
      await links.end(tx, user.id, ['magic-link', 'password-reset', 'email-verification', 'email-change'])
      const changed = { before: { email: user.email }, after: { email: link.newEmail } }
      await audit(tx, { ...seen, id: user.id, role: user.role }, 'user.email-changed', user.id, changed)
      await requestLetter(tx, { letter: 'email-changed', userId: user.id, linkId: link.id }, seen)
      return user
    })
    security('email.changed', { ...seen, id: owner.id, role: owner.role })
  }

  /** Before money moves. Throws EMAIL_NOT_VERIFIED (403). */
  async function requireVerified(tx: Tx, actor: Actor): Promise<void> {
    if (!(await findUser(tx, actor.id))?.emailVerifiedAt) throw emailNotVerified()
  }
}
