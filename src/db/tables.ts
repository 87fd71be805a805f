// The one mapping of columns to names. A test holds it against the migrated database; the constraints live in migrations/.
import { bigint, customType, integer, pgTable, sql, text, uuid } from './drizzle.ts'

/** A moment, as RFC 3339 in UTC with milliseconds: what the database keeps is what cursors and answers carry. */
const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
})

const searchVector = customType<{ data: string }>({ dataType: () => 'tsvector' })

const id = () => uuid().primaryKey().default(sql`uuidv7()`)
const version = () => integer().notNull().default(1)
const now = (name: string) => instant(name).notNull().default(sql`now()`)

export const users = pgTable('users', {
  id: id(),
  email: text().notNull(),
  name: text().notNull(),
  role: text({ enum: ['client', 'worker', 'support', 'admin'] }).notNull(),
  passwordHash: text('password_hash').notNull(),
  version: version(),
  createdAt: now('created_at'),
  updatedAt: now('updated_at'),
})

export const jobs = pgTable('jobs', {
  id: id(),
  clientId: uuid('client_id').notNull(),
  slug: text().notNull(),
  title: text().notNull(),
  description: text().notNull(),
  category: text({
    enum: ['design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other'],
  }).notNull(),
  skills: text().array().notNull().default(sql`'{}'`),
  budgetAmount: bigint('budget_amount', { mode: 'number' }).notNull(),
  budgetCurrency: text('budget_currency').notNull(),
  status: text({ enum: ['draft', 'open', 'closed'] })
    .notNull()
    .default('draft'),
  version: version(),
  createdAt: now('created_at'),
  updatedAt: now('updated_at'),
  publishedAt: instant('published_at'),
  closedAt: instant('closed_at'),
  deletedAt: instant('deleted_at'),
  listedAt: instant('listed_at').notNull().generatedAlwaysAs(sql`COALESCE(published_at, created_at)`),
  search: searchVector('search').notNull().generatedAlwaysAs(sql`to_tsvector(title)`),
})
