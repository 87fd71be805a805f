import type { Tx } from '../../db/client.ts'
import { and, desc, eq, isNotNull, isNull, sql } from '../../db/drizzle.ts'
import { scheduleRuns as runs, schedules } from '../../db/tables.ts'

type Planned = { name: string; cron: string }
export type Run = { name: string; slot: string; tries: number }

/** Remembers these, and forgets all others. Those whose times have changed begin anew. */
export async function replaceSchedules(tx: Tx, list: Planned[]): Promise<void> {
  const names = sql.join(
    list.map(({ name }) => sql`${name}`),
    sql`, `,
  )
  await tx.delete(schedules).where(sql`${schedules.name} NOT IN (${names})`)
  await tx
    .insert(schedules)
    .values(list.map(({ name, cron }) => ({ name, cron })))
    .onConflictDoUpdate({
      target: schedules.name,
      set: { cron: sql`excluded.cron`, knownSince: sql`now()` },
      setWhere: sql`${schedules.cron} <> excluded.cron`,
    })
}

/** Undefined when it is done already, or someone was seen at it within the last `lease` milliseconds. */
export async function claimRun(db: Tx, name: string, slot: string, lease: number): Promise<Run | undefined> {
  const anew = { startedAt: sql`now()`, seenAt: sql`now()`, tries: sql`${runs.tries} + 1`, error: null }
  const isFree = sql`${runs.finishedAt} IS NULL
    AND (${runs.error} IS NOT NULL OR ${runs.seenAt} < now() - make_interval(secs => ${lease / 1000}))`
  const [run] = await db
    .insert(runs)
    .values({ name, slot })
    .onConflictDoUpdate({ target: [runs.name, runs.slot], set: anew, setWhere: isFree })
    .returning({ name: runs.name, slot: runs.slot, tries: runs.tries })
  return run
}

export async function isFinished(db: Tx, name: string, slot: string): Promise<boolean> {
  const [run] = await db
    .select({ finishedAt: runs.finishedAt })
    .from(runs)
    .where(and(eq(runs.name, name), eq(runs.slot, slot)))
  return run?.finishedAt != null
}

/** Of the try that has it: one that lost it to another changes nothing. */
const isOurs = ({ name, slot, tries }: Run) =>
  and(eq(runs.name, name), eq(runs.slot, slot), eq(runs.tries, tries), isNull(runs.finishedAt))

export async function markSeen(db: Tx, run: Run): Promise<void> {
  await db.update(runs).set({ seenAt: sql`now()` }).where(isOurs(run))
}

export async function markFinished(db: Tx, run: Run, result: Record<string, number>): Promise<void> {
  await db.update(runs).set({ finishedAt: sql`now()`, error: null, result }).where(isOurs(run))
}

export async function markFailed(db: Tx, run: Run, error: string): Promise<void> {
  await db.update(runs).set({ error }).where(isOurs(run))
}

/** Each schedule with its newest run, and the newest that was finished. */
export async function listStates(db: Tx) {
  const newest = db
    .select()
    .from(runs)
    .where(eq(runs.name, schedules.name))
    .orderBy(desc(runs.slot))
    .limit(1)
    .as('newest')
  const finished = db
    .select({ slot: runs.slot, finishedAt: runs.finishedAt })
    .from(runs)
    .where(and(eq(runs.name, schedules.name), isNotNull(runs.finishedAt)))
    .orderBy(desc(runs.slot))
    .limit(1)
    .as('finished')
  return db
    .select({
      name: schedules.name,
      cron: schedules.cron,
      knownSince: schedules.knownSince,
      newest: {
        slot: newest.slot,
        startedAt: newest.startedAt,
        finishedAt: newest.finishedAt,
        tries: newest.tries,
        error: newest.error,
        result: newest.result,
      },
      finished: { slot: finished.slot, finishedAt: finished.finishedAt },
    })
    .from(schedules)
    .leftJoinLateral(newest, sql`true`)
    .leftJoinLateral(finished, sql`true`)
    .orderBy(schedules.name)
}

/** Forgets what was due more than `days` ago, but never the newest that was finished. Answers how many. */
export async function purgeRuns(db: Tx, days: number): Promise<number> {
  const isNewest = sql`NOT EXISTS (
    SELECT FROM ${runs} AS later
    WHERE later.name = ${runs.name} AND later.slot > ${runs.slot} AND later.finished_at IS NOT NULL)`
  const { rowCount } = await db
    .delete(runs)
    .where(sql`${runs.slot} < now() - make_interval(days => ${days}) AND NOT (${isNewest})`)
  return rowCount ?? 0
}
