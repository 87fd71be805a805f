import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Database } from '../../db/client.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Outside } from '../../lib/outside.ts'
import { repeat } from '../../lib/repeat.ts'
import type { Audit } from '../audit/audit.service.ts'
import { breakerNotFound } from './breakers.errors.ts'
import {
  deleteBreakersOf,
  deleteBreakersUnseen,
  isBreakerSeen,
  listBreakers,
  listResets,
  putBreakers,
  putReset,
  type ResetRow,
} from './breakers.repository.ts'
import type { BreakerReset, ProcessBreakers } from './breakers.schemas.ts'

export type BreakersService = ReturnType<typeof createBreakersService>

/** Milliseconds after which a process says again how its breakers are. */
const heartbeat = 10_000
/** Seconds after which a process that says nothing is no longer shown, and after which it is forgotten. */
const [shown, kept] = [30, 60]
const most = 1000

/** Each process has breakers of its own: this tells operators of all of them, and resets them everywhere. */
export function createBreakersService({ db, audit, outside }: { db: Database; audit: Audit; outside: Outside }) {
  const process = randomUUID()
  /** The times of the resets that this process has followed; none until it has looked for the first time. */
  let followed: Map<string, string> | undefined
  let told = { words: '', at: 0 }

  return { list, reset, follow, tell, keepTelling }

  async function list(): Promise<ProcessBreakers> {
    return { data: await listBreakers(db, shown, most) }
  }

  /** Closes the breakers of this name: here at once, in all other processes within a second or two. */
  async function reset(actor: Actor, name: string): Promise<BreakerReset> {
    const row = await db.transaction(async (tx) => {
      const isKnown = outside.list().some((breaker) => breaker.name === name) || (await isBreakerSeen(tx, name))
      if (!isKnown) throw breakerNotFound(name)
      const row = await putReset(tx, name, actor.id)
      await audit(tx, actor, 'breaker.reset', row.id, { after: { breaker: name } })
      return row
    })
    outside.reset(name)
    followed?.set(name, row.resetAt)
    return toReset(row)
  }

  /** Resets what was reset elsewhere since the last time. Rejects while the database is away. */
  async function follow(): Promise<void> {
    const rows = await listResets(db)
    for (const { name, resetAt } of rows) if (followed && (followed.get(name) ?? '') < resetAt) outside.reset(name)
    followed = new Map(rows.map(({ name, resetAt }) => [name, resetAt]))
  }

  /** Says how the breakers of this process are, where that has changed or was said long ago. */
  async function tell(service: string): Promise<void> {
    const breakers = outside.list().map(({ openedAt, ...breaker }) => ({
      ...breaker,
      ...{ process, service, host: hostname() },
      openedAt: openedAt === undefined ? null : new Date(openedAt).toISOString(),
    }))
    const words = JSON.stringify(breakers)
    if (words === told.words && Date.now() - told.at < heartbeat) return
    await putBreakers(db, breakers)
    await deleteBreakersUnseen(db, kept)
    told = { words, at: Date.now() }
  }

  /** Follows and tells once a second until it is closed. `service` is what this process is called in logs. */
  async function keepTelling(service: string) {
    const telling = await repeat(() => Promise.allSettled([follow(), tell(service)]), { every: 1000 })
    return {
      async close() {
        await telling.close()
        await deleteBreakersOf(db, process).catch(() => {})
      },
    }
  }
}

const toReset = ({ id: _, ...row }: ResetRow): BreakerReset => row
