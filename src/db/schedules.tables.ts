// The tables of what is done at fixed times: see tables.ts.
import { instant, now } from './columns.ts'
import { bigint, customType, doublePrecision, integer, jsonb, pgTable, primaryKey, text } from './drizzle.ts'

const day = customType<{ data: string }>({ dataType: () => 'date' })

/** When each kind of backup last succeeded and failed, and the drill that restores one; size and duration are of the last good one. */
export const backups = pgTable('backups', {
  kind: text().primaryKey(),
  finishedAt: instant('finished_at'),
  startedAt: instant('started_at'),
  failedAt: instant('failed_at'),
  bytes: bigint({ mode: 'number' }),
  seconds: doublePrecision(),
})

export const schedules = pgTable('schedules', {
  name: text().primaryKey(),
  cron: text().notNull(),
  knownSince: now('known_since'),
})

export const scheduleRuns = pgTable(
  'schedule_runs',
  {
    name: text().notNull(),
    slot: instant('slot').notNull(),
    startedAt: now('started_at'),
    seenAt: now('seen_at'),
    finishedAt: instant('finished_at'),
    tries: integer().notNull().default(1),
    error: text(),
    result: jsonb().$type<Record<string, number>>(),
  },
  (table) => [primaryKey({ columns: [table.name, table.slot] })],
)

export const dailyFigures = pgTable(
  'daily_figures',
  { day: day('day').notNull(), name: text().notNull(), value: bigint({ mode: 'number' }).notNull() },
  (table) => [primaryKey({ columns: [table.day, table.name] })],
)
