import type { Database, Tx } from '../../db/client.ts'
import type { Reads } from '../../db/reads.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { SessionsService } from '../identity/sessions.service.ts'
import { noLongerAdmin, notYourself, userErased, userNotFound } from './users.errors.ts'
import { findAccount, holdAccount, holdAdmins, listAccounts, setBlocked, setRole } from './users.repository.ts'
import type { AdminUser, AdminUserQuery, Block, RoleChange } from './users.schemas.ts'

type Deps = {
  db: Database
  reads: Reads
  cursors: Cursors
  audit: Audit
  security: SecurityLog
  sessions: Pick<SessionsService, 'endAll'>
}

export type UsersService = ReturnType<typeof createUsersService>

export function createUsersService({ db, reads, cursors, audit, security, sessions }: Deps) {
  return { list, get, block, unblock, changeRole, isLastAdmin }

  async function list(actor: Actor, { cursor, ...query }: AdminUserQuery): Promise<Page<AdminUser>> {
    const { limit, ...filters } = query
    const name = `users ${JSON.stringify(filters, Object.keys(filters).sort())}`
    const rows = await listAccounts(reads.recent(actor), query, cursors.read(cursor, name))
    return cursors.pageOf(rows, limit, name, ({ id }) => [id])
  }

  async function get(id: string): Promise<AdminUser> {
    const row = await findAccount(reads.newest, id)
    if (!row) throw userNotFound(id)
    return row
  }

  /** Ends all sessions too: every replica refuses their access tokens within seconds. Blocking again changes nothing. */
  async function block(actor: Actor, id: string, { reason }: Block): Promise<AdminUser> {
    const done = await db.transaction(async (tx) => {
      const user = await hold(tx, actor, id)
      if (user.blockedAt) return { user }
      const blocked = await setBlocked(tx, id, true)
      const ended = await sessions.endAll(tx, id, 'blocked')
      const change = { before: { blockedAt: null }, after: { blockedAt: blocked.blockedAt, reason } }
      await audit(tx, actor, 'user.blocked', id, change)
      return { user: blocked, ended }
    })
    if (done.ended !== undefined) security('user.blocked', actor, { userId: id, sessionsEnded: done.ended })
    return done.user
  }

  /** What ended stays ended: the user has to sign in again. Unblocking who is not blocked changes nothing. */
  async function unblock(actor: Actor, id: string): Promise<AdminUser> {
    const done = await db.transaction(async (tx) => {
      const user = await hold(tx, actor, id)
      if (!user.blockedAt) return { user, changed: false }
      const change = { before: { blockedAt: user.blockedAt }, after: { blockedAt: null } }
      await audit(tx, actor, 'user.unblocked', id, change)
      return { user: await setBlocked(tx, id, false), changed: true }
    })
    if (done.changed) security('user.unblocked', actor, { userId: id })
    return done.user
  }

  /** Ends all sessions too, because their tokens name the old role. The role that a user has already changes nothing. */
  async function changeRole(actor: Actor, id: string, { role }: RoleChange): Promise<AdminUser> {
    const done = await db.transaction(async (tx) => {
      const user = await hold(tx, actor, id)
      if (user.role === role) return { user }
      await sessions.endAll(tx, id, 'role changed')
      await audit(tx, actor, 'user.role-changed', id, { before: { role: user.role }, after: { role } })
      return { user: await setRole(tx, id, role), before: user.role }
    })
    if (done.before) security('role.changed', actor, { userId: id, before: done.before, after: role })
    return done.user
  }

  /** Whether nobody else could be admin without them; it stays so until the transaction ends. */
  async function isLastAdmin(tx: Tx, id: string): Promise<boolean> {
    const admins = await holdAdmins(tx)
    return admins.length === 1 && admins[0] === id
  }

  /**
   * The user, whom nobody else changes until the transaction ends. Whoever asks must still be an admin, and be somebody else: so one
   * who can sign in is always left, also of two who would take each other's role away at once.
   */
  async function hold(tx: Tx, actor: Actor, id: string): Promise<AdminUser> {
    if (!(await holdAdmins(tx)).includes(actor.id)) throw noLongerAdmin()
    const user = await holdAccount(tx, id)
    if (!user) throw userNotFound(id)
    if (id === actor.id) throw notYourself()
    if (user.erasedAt) throw userErased(id)
    return user
  }
}
