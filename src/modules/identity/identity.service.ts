import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Reads } from '../../db/reads.ts'
import type { Actor, Role, Seen } from '../../lib/actor.ts'
import { matches, versionDiffers } from '../../lib/etag.ts'
import type { Once } from '../../lib/once.ts'
import type { Passwords } from '../../lib/passwords.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { CredentialsService } from './credentials.service.ts'
import { accountGone, emailTaken } from './identity.errors.ts'
import { findUser, insertUser, type UserRow, updateUser } from './identity.repository.ts'
import type { Credentials, User, UserChanges } from './identity.schemas.ts'
import type { LinksService } from './links.service.ts'
import type { MfaService } from './mfa.service.ts'
import type { NewSession, SessionsService } from './sessions.service.ts'

type Deps = {
  db: Database
  reads: Pick<Reads, 'newest'>
  audit: Audit
  sessions: SessionsService
  security: SecurityLog
  passwords: Passwords
  credentials: CredentialsService
  links: LinksService
  mfa: MfaService
}
type Registration = { email: string; password: string; name: string; role: Role }

export type IdentityService = ReturnType<typeof createIdentityService>

export function createIdentityService({
  db,
  reads,
  audit,
  sessions,
  security,
  passwords,
  credentials,
  links,
  mfa,
}: Deps) {
  return { register, logIn, me, changeMe }

  async function register({ password, email, ...person }: Registration, seen: Seen = {}, once?: Once): Promise<User> {
    const passwordHash = await passwords.choose(password, { email, name: person.name })
    return runOnce(db, once, async (tx) => {
      const row = await insertUser(tx, { ...person, email: email.toLowerCase(), passwordHash })
      if (!row) throw emailTaken()
      const made = { email: row.email, name: row.name, role: row.role }
      await audit(tx, { ...seen, ...row }, 'user.registered', row.id, { after: made })
      await links.issue(tx, 'email-verification', row.id, seen)
      return toUser(row)
    })
  }

  /** Throws what `credentials.check` and `mfa.check` throw: of a second factor nobody hears who has not the password. */
  async function logIn({ email, password, code }: Omit<Credentials, 'mode'>, seen: Seen): Promise<NewSession> {
    const row = await credentials.check({ email, password }, seen)
    const session = await db.transaction(async (tx) => {
      await mfa.check(tx, row, code, seen)
      return sessions.start(tx, row, seen)
    })
    security('sign-in.succeeded', { ...seen, ...row, sessionId: session.sessionId })
    return session
  }

  async function me(actor: Actor): Promise<User> {
    return toUser(await getMe(reads.newest, actor))
  }

  async function changeMe(actor: Actor, ifMatch: string, changes: UserChanges): Promise<User> {
    return db.transaction(async (tx) => {
      const { version, name } = await getMe(tx, actor)
      const row = matches(ifMatch, version) ? await updateUser(tx, actor.id, version, changes) : undefined
      if (!row) throw versionDiffers((await getMe(tx, actor)).version)
      await audit(tx, actor, 'user.changed', row.id, { before: { name }, after: { name: row.name } })
      return toUser(row)
    })
  }

  async function getMe(tx: Tx, actor: Actor): Promise<UserRow> {
    const row = await findUser(tx, actor.id)
    if (!row) throw accountGone()
    return row
  }
}

export function toUser({ id, email, name, role, version, createdAt, updatedAt }: UserRow): User {
  return { id, email, name, role, version, createdAt, updatedAt }
}
