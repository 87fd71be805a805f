// Links that go out by mail and work once (OWASP ASVS 5.0, 6.4.3 and 6.6.3): sign-in, password, confirming and changing an address.
import { randomUUID } from 'node:crypto'
import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Seen } from '../../lib/actor.ts'
import type { Once } from '../../lib/once.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Audit } from '../audit/audit.service.ts'
import { findUser, findUserByEmail, markEmailVerified, type UserRow } from './identity.repository.ts'
import { hashOf, requestLetter } from './letters.service.ts'
import { linkInvalid } from './links.errors.ts'
import {
  endLinks,
  findOpenLink,
  holdLinksOf,
  insertLink,
  type LinkKind,
  type LinkRow,
  purgeLinks,
  useLink,
} from './links.repository.ts'
import type { LinkRequested } from './links.schemas.ts'
import type { MfaService } from './mfa.service.ts'
import type { NewSession, SessionsService } from './sessions.service.ts'

type Deps = { db: Database; audit: Audit; security: SecurityLog; sessions: SessionsService; mfa: MfaService }
type Change = { newEmail: string; sessionId: string | undefined }

/** Seconds for which a link works, from when it is asked for: a mail that comes later than that is not sent. */
const lifetimes: Record<LinkKind, number> = {
  'magic-link': 15 * 60,
  'password-reset': 30 * 60,
  'email-verification': 24 * 60 * 60,
  'email-change': 24 * 60 * 60,
}
/** Links of a kind that an account gets within an hour: who asks for more fills a stranger's mailbox. */
const most = 5
/** Days that links are kept: longer than any lives, and than they are counted. */
const keptDays = 2

export type LinksService = ReturnType<typeof createLinksService>

export function createLinksService({ db, audit, security, sessions, mfa }: Deps) {
  return { ask, issue, signIn, find, use, end: endLinks, purge: () => purgeLinks(db, keptDays) }

  /**
   * Asks for a link to an address. What is done and answered is the same whether it has an account, is blocked, or asked too often:
   * only the worker, which nobody waits for, finds out.
   */
  async function ask(kind: LinkKind, email: string, seen: Seen, once?: Once): Promise<LinkRequested> {
    const asked = await runOnce(db, once, async (tx) => {
      const user = await findUserByEmail(tx, email.toLowerCase())
      const linkId = await issue(tx, kind, user?.id ?? randomUUID(), seen)
      // A stranger asked, whoever they are.
      await audit(tx, seen, 'link.requested', linkId, { after: { kind } })
      return { expiresIn: lifetimes[kind] }
    })
    security('link.requested', seen, { kind })
    return asked
  }

  /** In the transaction of what makes it needful, which leaves the audit row. Earlier links of the kind are dead then. Answers the id. */
  async function issue(tx: Tx, kind: LinkKind, userId: string, seen: Seen, change?: Change): Promise<string> {
    await holdLinksOf(tx, userId)
    await endLinks(tx, userId, [kind])
    const linkId = await insertLink(tx, { kind, userId, seconds: lifetimes[kind], ...change }, most)
    // Where there is no link a letter is asked for all the same, of which nothing comes.
    const id = linkId ?? randomUUID()
    await requestLetter(tx, { letter: kind, userId, linkId: id }, seen)
    return id
  }

  /** Signs in by a magic link. It stays good when the code of a second factor is missing or wrong. */
  async function signIn(token: string, code: string | undefined, seen: Seen): Promise<NewSession> {
    const session = await db.transaction(async (tx) => {
      const { user } = await use(tx, 'magic-link', token, seen)
      await markEmailVerified(tx, user.id)
      await mfa.check(tx, user, code, seen)
      return sessions.start(tx, user, seen)
    })
    security('sign-in.succeeded', { ...seen, ...session.user, sessionId: session.sessionId }, { by: 'magic-link' })
    return session
  }

  /** Whose link it is, without using it. Throws LINK_INVALID (400). */
  async function find(kind: LinkKind, token: string, seen: Seen): Promise<UserRow> {
    return (await ownerOf(db, kind, await findOpenLink(db, kind, hashOf(token)), seen)).user
  }

  /** Uses a link up: of two calls at once one gets it. Throws LINK_INVALID (400). */
  async function use(tx: Tx, kind: LinkKind, token: string, seen: Seen) {
    return ownerOf(tx, kind, await useLink(tx, kind, hashOf(token)), seen)
  }

  async function ownerOf(tx: Tx, kind: LinkKind, link: LinkRow | undefined, seen: Seen) {
    const user = link && (await findUser(tx, link.userId))
    if (!link || !user || user.erasedAt || user.blockedAt) {
      security('link.refused', seen, { kind })
      throw linkInvalid()
    }
    return { link, user }
  }
}
