// A new password, by one who knows the old one or reads the account's mail.
import type { Database } from '../../db/client.ts'
import type { Actor, Seen } from '../../lib/actor.ts'
import type { Passwords } from '../../lib/passwords.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { CredentialsService } from './credentials.service.ts'
import { accountGone } from './identity.errors.ts'
import { findUser, markEmailVerified, setPasswordHash } from './identity.repository.ts'
import { requestLetter } from './letters.service.ts'
import type { LinksService } from './links.service.ts'
import type { SessionsService } from './sessions.service.ts'

type Deps = {
  db: Database
  audit: Audit
  security: SecurityLog
  passwords: Passwords
  credentials: CredentialsService
  sessions: SessionsService
  links: LinksService
}

export type PasswordsService = ReturnType<typeof createPasswordsService>

export function createPasswordsService({ db, audit, security, passwords, credentials, sessions, links }: Deps) {
  return { reset, change }

  /**
   * Sets a password by a link, and ends all sessions: whoever else knew the old one is out. It signs nobody in, so a second factor
   * is asked for as ever. Throws LINK_INVALID (400), and what `passwords.choose` throws, which leaves the link good.
   */
  async function reset(token: string, password: string, seen: Seen): Promise<void> {
    // Before the hash is made, which takes long: strangers could else keep the service busy with made-up tokens.
    const owner = await links.find('password-reset', token, seen)
    const passwordHash = await passwords.choose(password, owner)
    await db.transaction(async (tx) => {
      const { user } = await links.use(tx, 'password-reset', token, seen)
      await setPasswordHash(tx, user.id, passwordHash)
      await markEmailVerified(tx, user.id)
      await sessions.endAll(tx, user.id, 'password reset')
      await links.end(tx, user.id, ['magic-link', 'password-reset', 'email-change'])
      await audit(tx, { ...seen, id: user.id, role: user.role }, 'user.password-reset', user.id)
      await requestLetter(tx, { letter: 'password-changed', userId: user.id }, seen)
    })
    security('password.changed', { ...seen, id: owner.id, role: owner.role }, { by: 'link' })
  }

  /** Ends all other sessions, and whatever links were under way. Throws what `credentials.check` and `passwords.choose` throw. */
  async function change(actor: Actor, currentPassword: string, password: string): Promise<void> {
    const user = await findUser(db, actor.id)
    if (!user) throw accountGone()
    await credentials.check({ email: user.email, password: currentPassword }, actor)
    const passwordHash = await passwords.choose(password, user)
    await db.transaction(async (tx) => {
      await setPasswordHash(tx, user.id, passwordHash)
      await sessions.endAll(tx, user.id, 'password changed', actor.sessionId)
      await links.end(tx, user.id, ['magic-link', 'password-reset', 'email-change'])
      await audit(tx, actor, 'user.password-changed', user.id)
      await requestLetter(tx, { letter: 'password-changed', userId: user.id }, actor)
    })
    security('password.changed', actor, { by: 'password' })
  }
}
