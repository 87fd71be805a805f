// Sign-ins that last: a session is a family of refresh tokens (RFC 9700, section 4.14.2), each good for one use.
import { createHash, randomBytes } from 'node:crypto'
import type { Database, Tx } from '../../db/client.ts'
import type { Actor, Seen } from '../../lib/actor.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import { repeat } from '../../lib/repeat.ts'
import type { SecurityLog } from '../../lib/security-log.ts'
import type { Tokens } from '../../lib/tokens.ts'
import type { Audit } from '../audit/audit.service.ts'
import { tellOfNewDevice } from './devices.service.ts'
import { credentialsWrong } from './identity.errors.ts'
import type { UserRow } from './identity.repository.ts'
import { accountBlocked, refreshRefused, sessionNotFound } from './sessions.errors.ts'
import {
  endSession,
  endSessionOf,
  endSessionsOf,
  forgive,
  holdRefreshToken,
  holdUser,
  insertRefreshToken,
  insertSession,
  type Lifetimes,
  listEnded,
  listSessions,
  markUsed,
  purgeSessions,
  type SessionRow,
  touchSession,
} from './sessions.repository.ts'
import type { Session, SessionQuery } from './sessions.schemas.ts'

type Deps = {
  db: Database
  tokens: Tokens
  audit: Audit
  cursors: Cursors
  security: SecurityLog
  lifetimes: Lifetimes
}
/** What a client needs to go on. */
export type NewSession = {
  accessToken: string
  refreshToken: string
  /** Seconds for which the access token is good. */
  expiresIn: number
  sessionId: string
  user: UserRow
}

/** Milliseconds for which a used refresh token may come again: its answer got lost, or two tabs renewed at once. */
const grace = 10_000
/** Seconds by which a session's end may become visible after its time: transactions are shorter. */
const slack = 60

export type SessionsService = ReturnType<typeof createSessionsService>

export function createSessionsService({ db, tokens, audit, cursors, security, lifetimes }: Deps) {
  /** Sessions whose access tokens could still be good, with the moment (ms) from which they no longer can. */
  const ended = new Map<string, number>()
  let seenAt = 0

  return {
    start,
    renew,
    end,
    endOne,
    endOthers,
    endAll,
    list,
    purge,
    isEnded: (id: string) => ended.has(id),
    refresh,
    keepFresh,
  }

  /** A sign-in: whoever calls it has made sure who it is. Refuses who is blocked. Leaves one audit row. */
  async function start(tx: Tx, { id }: Pick<UserRow, 'id'>, seen: Seen): Promise<NewSession> {
    const user = await holdUser(tx, id)
    if (!user || user.erasedAt) throw credentialsWrong()
    if (user.blockedAt) throw accountBlocked()
    await tellOfNewDevice(tx, user, seen)
    const { userAgent = '', addressHash = '' } = seen
    const session = await insertSession(tx, { userId: user.id, userAgent, addressHash })
    await audit(tx, { ...seen, ...user, sessionId: session.id }, 'session.started', session.id)
    return issue(tx, user, session.id)
  }

  /**
   * Trades a refresh token for a new one and an access token. A token that was used before ends its session, because two hold it now,
   * and one of them may be a thief; but once, within 10 seconds and while its successor is unused, it is forgiven: the successor is
   * then void instead. Throws REFRESH_REFUSED (401).
   */
  async function renew(refreshToken: string, seen: Seen): Promise<NewSession> {
    const hash = hashOf(refreshToken)
    const outcome = await db.transaction(
      async (tx): Promise<NewSession | { refused: string; who: Actor } | undefined> => {
        const held = await holdRefreshToken(tx, hash, lifetimes)
        if (!held || held.ended) return undefined
        const { user, session, usedFor } = held
        const who: Actor = { ...seen, id: user.id, role: user.role, tier: user.tier, sessionId: session.id }
        const fault = faultOf(held)
        if (fault) {
          await endSession(tx, session.id, fault)
          await audit(tx, who, 'session.ended', session.id, { after: { because: fault } })
          return { refused: fault, who }
        }
        if (usedFor !== null) await forgive(tx, hash)
        await touchSession(tx, session.id)
        await audit(tx, who, 'session.renewed', session.id)
        const fresh = await issue(tx, user, session.id)
        await markUsed(tx, hash, hashOf(fresh.refreshToken))
        return fresh
      },
    )
    if (outcome && !('refused' in outcome)) return outcome
    if (outcome?.who.sessionId) forget([outcome.who.sessionId])
    if (outcome?.refused === 'reuse') security('refresh.reused', outcome.who)
    throw refreshRefused()
  }

  async function issue(tx: Tx, user: UserRow, sessionId: string): Promise<NewSession> {
    const refreshToken = randomBytes(32).toString('base64url')
    await insertRefreshToken(tx, sessionId, hashOf(refreshToken))
    const { id, role, tier } = user
    const accessToken = await tokens.sign({ id, role, tier, sessionId })
    return { accessToken, refreshToken, expiresIn: tokens.expiresIn, sessionId, user }
  }

  /** Ends the session that asks, unless it has ended already. */
  async function end(actor: Actor): Promise<void> {
    if (actor.sessionId) await endOf(actor, actor.sessionId, 'sign-out')
  }

  /** Ends one of the actor's sessions. Throws SESSION_NOT_FOUND (404). */
  async function endOne(actor: Actor, id: string): Promise<void> {
    if (!(await endOf(actor, id, 'ended by its owner'))) throw sessionNotFound(id)
  }

  async function endOf(actor: Actor, id: string, because: string): Promise<boolean> {
    const done = await db.transaction(async (tx) => {
      const [done] = await endSessionOf(tx, actor.id, id, because)
      if (done) await audit(tx, actor, 'session.ended', id, { after: { because } })
      return Boolean(done)
    })
    if (!done) return false
    forget([id])
    security('session.ended', actor, { because })
    return true
  }

  /** Ends all of the actor's sessions but the one that asks. */
  async function endOthers(actor: Actor): Promise<void> {
    await db.transaction(async (tx) => {
      const count = await endAll(tx, actor.id, 'ended by its owner', actor.sessionId)
      await audit(tx, actor, 'session.others-ended', actor.sessionId ?? actor.id, { after: { count } })
    })
    security('session.ended', actor, { because: 'ended by its owner', others: true })
  }

  /** In the transaction of what makes it needful, which leaves the audit row; answers how many ended. */
  async function endAll(tx: Tx, userId: string, because: string, except?: string): Promise<number> {
    return (await endSessionsOf(tx, userId, because, except)).length
  }

  async function list(actor: Actor, { cursor, limit }: SessionQuery): Promise<Page<Session>> {
    const name = `sessions ${actor.id}`
    const rows = await listSessions(db, actor.id, lifetimes, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ id }) => [id])
    return { data: data.map((row) => toSession(row, actor)), page }
  }

  /** Removes what ended longer ago than `keptDays`; answers how many sessions. */
  function purge(keptDays: number): Promise<number> {
    return purgeSessions(db, lifetimes, keptDays)
  }

  function forget(ids: readonly string[]): void {
    for (const id of ids) ended.set(id, Date.now() + tokens.expiresIn * 1000)
  }

  /**
   * Knows within about a second which sessions ended, on any replica: their access tokens are refused from then on. While the
   * database is away nothing can end, and what was known stays known. Rejects when the database can't be asked.
   */
  async function refresh(): Promise<void> {
    const now = Date.now()
    const since = Math.min((now - seenAt) / 1000 + slack, tokens.expiresIn + slack)
    for (const { id, endedAt } of await listEnded(db, since))
      if (!ended.has(id)) ended.set(id, Date.parse(endedAt ?? '') + (tokens.expiresIn + slack) * 1000)
    seenAt = now
    for (const [id, until] of ended) if (until < now) ended.delete(id)
  }

  /** Refreshes once a second until it is closed; resolves after the first time. */
  function keepFresh() {
    return repeat(refresh, { every: 1000 })
  }
}

type Held = NonNullable<Awaited<ReturnType<typeof holdRefreshToken>>>

/** Why a session can't be renewed by this token, and must end. */
function faultOf({ user, isIdle, isOver, usedFor, isForgiven, isSuccessorUnused }: Held): string | undefined {
  if (user.blockedAt || user.erasedAt) return 'account closed'
  if (isOver) return 'too old'
  if (isIdle) return 'idle'
  const isAgain = usedFor !== null
  if (isAgain && (isForgiven || !isSuccessorUnused || usedFor > grace)) return 'reuse'
}

/** 256 random bits need no slow hash. */
const hashOf = (token: string) => createHash('sha256').update(token).digest()

function toSession({ id, userAgent, createdAt, lastUsedAt }: SessionRow, actor: Actor): Session {
  return { id, isCurrent: id === actor.sessionId, userAgent, createdAt, lastUsedAt }
}
