// The one mapping of columns to names. A test holds it against the migrated database; the constraints live in migrations/.
import type { Role } from '../lib/actor.ts'
import { bytes, id, idRanges, instant, now, searchVector, version } from './columns.ts'
import { bigint, boolean, integer, jsonb, pgTable, primaryKey, sql, text, uuid } from './drizzle.ts'

export * from './breakers.tables.ts'
export * from './identity.tables.ts'
export * from './ledger.tables.ts'
export * from './payments.tables.ts'
export * from './reviews.tables.ts'
export * from './schedules.tables.ts'
export * from './uploads.tables.ts'

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
  traceparent: text(),
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
  before: jsonb().$type<Recorded>(),
  after: jsonb().$type<Recorded>(),
  personId: uuid('person_id'),
  addressHash: text('address_hash'),
  txid: bigint({ mode: 'number' }).notNull().default(sql`pg_current_xact_id()`),
})

/** Fields as they are, and personal ones sealed under the key of the row's person; null where that key was gone already. */
type Recorded = { plain?: Record<string, unknown>; sealed?: string | null }

export const auditSeals = pgTable('audit_seals', {
  number: bigint({ mode: 'number' }).primaryKey(),
  rowIds: idRanges('row_ids').notNull(),
  rowCount: integer('row_count').notNull(),
  hashes: bytes('hashes').notNull(),
  root: bytes('root').notNull(),
  previous: bytes('previous').notNull(),
  seenTxid: bigint('seen_txid', { mode: 'number' }).notNull(),
  floorId: bigint('floor_id', { mode: 'number' }).notNull(),
  sealedAt: instant('sealed_at').notNull(),
  keyId: text('key_id').notNull(),
  signature: bytes('signature').notNull(),
})

export const personKeys = pgTable('person_keys', {
  userId: uuid('user_id').primaryKey(),
  sealedKey: text('sealed_key').notNull(),
  createdAt: now('created_at'),
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
  status: text({
    enum: [
      'accepted',
      'funding',
      'funded',
      'delivered',
      'approved',
      'released',
      'disputed',
      'resolved',
      'cancelled',
      'refunded',
    ],
  })
    .notNull()
    .default('accepted'),
  createdAt: now('created_at'),
  feeBps: integer('fee_bps').notNull().default(0),
  updatedAt: now('updated_at'),
  fundedAt: instant('funded_at'),
  deliveredAt: instant('delivered_at'),
  approvedAt: instant('approved_at'),
  releasesAt: instant('releases_at'),
  disputedAt: instant('disputed_at'),
  disputedBy: uuid('disputed_by'),
  disputeReason: text('dispute_reason'),
  workerShare: bigint('worker_share', { mode: 'number' }),
  endedAt: instant('ended_at'),
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
  number: bigint({ mode: 'number' }),
})

export const notificationCounts = pgTable('notification_counts', {
  userId: uuid('user_id').primaryKey(),
  last: bigint({ mode: 'number' }).notNull(),
})

export const switches = pgTable('switches', {
  name: text({ enum: ['read-only', 'cache-off'] }).primaryKey(),
  id: uuid().notNull().default(sql`uuidv7()`),
  isOn: boolean('is_on').notNull().default(false),
  reason: text(),
  changedBy: uuid('changed_by'),
  changedAt: instant('changed_at'),
})

export const flags = pgTable('flags', {
  name: text().primaryKey(),
  id: uuid().notNull().default(sql`uuidv7()`),
  isOn: boolean('is_on').notNull(),
  split: jsonb().$type<{ variant: string; percent: number }[]>().notNull(),
  rules: jsonb().$type<{ roles?: Role[]; tenants?: string[]; variant: string }[]>().notNull(),
  changedBy: uuid('changed_by').notNull(),
  changedAt: instant('changed_at').notNull(),
})

export const operations = pgTable('operations', {
  id: id(),
  userId: uuid('user_id').notNull(),
  kind: text().notNull(),
  status: text({ enum: ['pending', 'running', 'succeeded', 'failed'] })
    .notNull()
    .default('pending'),
  result: jsonb(),
  error: text(),
  createdAt: now('created_at'),
  finishedAt: instant('finished_at'),
  expiresAt: instant('expires_at').notNull(),
})

export const dataExports = pgTable('data_exports', {
  id: id(),
  userId: uuid('user_id').notNull(),
  operationId: uuid('operation_id').notNull(),
  sealed: text(),
  createdAt: now('created_at'),
  endedAt: instant('ended_at'),
  expiresAt: instant('expires_at'),
})
