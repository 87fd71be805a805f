// The one mapping of columns to names. A test holds it against the migrated database; the constraints live in migrations/.
import { bigint, boolean, customType, integer, jsonb, pgTable, primaryKey, sql, text, uuid } from './drizzle.ts'

/** A moment, as RFC 3339 in UTC with milliseconds: what the database keeps is what cursors and answers carry. */
const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
})

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const searchVector = customType<{ data: string }>({ dataType: () => 'tsvector' })

const id = () => uuid().primaryKey().default(sql`uuidv7()`)
const version = () => integer().notNull().default(1)
const now = (name: string) => instant(name).notNull().default(sql`now()`)

export const users = pgTable('users', {
  id: id(),
  email: text().notNull(),
  name: text().notNull(),
  role: text({ enum: ['client', 'worker', 'support', 'admin'] }).notNull(),
  tier: text({ enum: ['standard', 'partner'] })
    .notNull()
    .default('standard'),
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

export const outbox = pgTable('outbox', {
  position: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  id: uuid().notNull().default(sql`uuidv7()`),
  aggregate: text().notNull(),
  kind: text().notNull(),
  payload: jsonb().notNull(),
  requestId: text('request_id'),
  createdAt: now('created_at'),
  publishedAt: instant('published_at'),
  handledAt: instant('handled_at'),
  deadAt: instant('dead_at'),
  error: text(),
})

export const inbox = pgTable(
  'inbox',
  { eventId: uuid('event_id').notNull(), consumer: text().notNull(), handledAt: now('handled_at') },
  (table) => [primaryKey({ columns: [table.eventId, table.consumer] })],
)

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    caller: text().notNull(),
    route: text().notNull(),
    key: text().notNull(),
    bodyHash: bytes('body_hash').notNull(),
    status: integer(),
    body: jsonb(),
    createdAt: now('created_at'),
  },
  (table) => [primaryKey({ columns: [table.caller, table.route, table.key] })],
)

export const auditLog = pgTable('audit_log', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: now('at'),
  actorId: uuid('actor_id'),
  actorRole: text('actor_role'),
  action: text().notNull(),
  objectType: text('object_type').notNull(),
  objectId: uuid('object_id').notNull(),
  requestId: text('request_id'),
})

export const applications = pgTable('applications', {
  id: id(),
  jobId: uuid('job_id').notNull(),
  workerId: uuid('worker_id').notNull(),
  coverLetter: text('cover_letter').notNull(),
  status: text({ enum: ['submitted', 'withdrawn', 'accepted', 'rejected'] })
    .notNull()
    .default('submitted'),
  createdAt: now('created_at'),
  updatedAt: now('updated_at'),
})

export const contracts = pgTable('contracts', {
  id: id(),
  jobId: uuid('job_id').notNull(),
  applicationId: uuid('application_id').notNull(),
  clientId: uuid('client_id').notNull(),
  workerId: uuid('worker_id').notNull(),
  amount: bigint({ mode: 'number' }).notNull(),
  currency: text().notNull(),
  status: text({ enum: ['accepted'] })
    .notNull()
    .default('accepted'),
  createdAt: now('created_at'),
})

export const notifications = pgTable('notifications', {
  id: id(),
  userId: uuid('user_id').notNull(),
  eventId: uuid('event_id').notNull(),
  kind: text().notNull(),
  data: jsonb().notNull(),
  createdAt: now('created_at'),
  readAt: instant('read_at'),
  mailedAt: instant('mailed_at'),
})

export const switches = pgTable('switches', {
  name: text({ enum: ['read-only', 'cache-off'] }).primaryKey(),
  id: uuid().notNull().default(sql`uuidv7()`),
  isOn: boolean('is_on').notNull().default(false),
  reason: text(),
  changedBy: uuid('changed_by'),
  changedAt: instant('changed_at'),
})
