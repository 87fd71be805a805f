// The tables of breakers and their resets: see tables.ts.
import { instant, now } from './columns.ts'
import { integer, pgTable, primaryKey, sql, text, uuid } from './drizzle.ts'

export const breakers = pgTable(
  'breakers',
  {
    process: uuid().notNull(),
    name: text().notNull(),
    service: text().notNull(),
    host: text().notNull(),
    state: text({ enum: ['closed', 'half-open', 'open'] }).notNull(),
    failures: integer().notNull(),
    openedAt: instant('opened_at'),
    seenAt: now('seen_at'),
  },
  (table) => [primaryKey({ columns: [table.process, table.name] })],
)

export const breakerResets = pgTable('breaker_resets', {
  name: text().primaryKey(),
  id: uuid().notNull().default(sql`uuidv7()`),
  resetBy: uuid('reset_by').notNull(),
  resetAt: now('reset_at'),
})
