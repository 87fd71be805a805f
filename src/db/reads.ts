// Which server a read goes to, where there is a standby. Services say what they need: `newest`, or `recent`, which may be a little old.
import type { Actor } from '../lib/actor.ts'
import { currentSignal } from '../lib/deadline.ts'
import type { Metrics } from '../lib/metrics.ts'
import { type Database, type Readable, readableOver, type Send } from './client.ts'
import { createReplay, type Replay } from './replay.ts'

export type Reads = {
  /** What was committed before it was asked for; from the standby only while the primary is away, which each answer says. */
  newest: Readable
  /** What may be as old as the bound, for who did not write lately: lists, and what only people look at. */
  recent: (actor?: Pick<Actor, 'wroteLately'>) => Readable
  /** How many statements of `newest` the standby has answered: what was read while it rose may lack the last commits. */
  stoodIn: () => number
  standby?: Standby
}
export type Standby = { db: Database /** Milliseconds that it may be behind. */; bound: number; replay: Replay }
type Options = {
  db: Database
  send: Send
  standby: { db: Database; send: Send; bound: number } | undefined
  isPrimaryAway: () => boolean
  metrics: Metrics
}

/**
 * The standby answers `recent` while it is within its bound, and all reads while the primary is away, if it was within it before. What
 * it can't answer (it is gone, or replaying stopped the statement) the primary does. Without a standby all is the primary's.
 */
export function createReads({ db, send, standby, isPrimaryAway, metrics }: Options): Reads {
  if (!standby) return { newest: db, recent: () => db, stoodIn: () => 0 }
  const { bound } = standby
  const replay = createReplay()
  const servers = { primary: send, standby: standby.send }
  let stoodIn = 0
  const reads = metrics.counter({
    name: 'seaworthy_db_reads_total',
    help: 'Statements that may go to a standby, by what was asked for and which server was asked',
    labelNames: ['asked', 'server'],
  })
  metrics.asked(
    'standby',
    { seaworthy_db_standby_age_seconds: { help: 'How old what the standby shows may be; none while it is unknown' } },
    async () => {
      const age = replay.age() / 1000
      return { seaworthy_db_standby_age_seconds: Number.isFinite(age) ? [{ value: age }] : [] }
    },
  )
  const newest = readableOver((...statement) => {
    if (!standsIn()) return ask('newest', 'primary', statement)
    stoodIn += 1
    return ask('newest', 'standby', statement)
  })
  const recent = readableOver(async (...statement) => {
    if (!standsIn() && replay.age() > bound) return ask('recent', 'primary', statement)
    try {
      return await ask('recent', 'standby', statement)
    } catch (error) {
      if (currentSignal()?.aborted) throw error
      return ask('recent', 'primary', statement)
    }
  })

  return {
    newest,
    recent: (actor) => (actor?.wroteLately ? newest : recent),
    stoodIn: () => stoodIn,
    standby: { db: standby.db, bound, replay },
  }

  function standsIn(): boolean {
    return isPrimaryAway() && replay.lacked() <= bound
  }

  function ask(asked: 'newest' | 'recent', server: keyof typeof servers, statement: Parameters<Send>) {
    reads.inc({ asked, server })
    return servers[server](...statement)
  }
}
