// The tables of people, and of how they prove who they are: see tables.ts.
import { bytes, id, instant, now, version } from './columns.ts'
import { bigint, pgTable, primaryKey, text, uuid } from './drizzle.ts'

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
  emailVerifiedAt: instant('email_verified_at'),
  blockedAt: instant('blocked_at'),
  erasedAt: instant('erased_at'),
})

export const sessions = pgTable('sessions', {
  id: id(),
  userId: uuid('user_id').notNull(),
  userAgent: text('user_agent').notNull(),
  addressHash: text('address_hash').notNull(),
  createdAt: now('created_at'),
  lastUsedAt: now('last_used_at'),
  endedAt: instant('ended_at'),
  endedBecause: text('ended_because'),
})

export const refreshTokens = pgTable('refresh_tokens', {
  hash: bytes('hash').primaryKey(),
  sessionId: uuid('session_id').notNull(),
  createdAt: now('created_at'),
  usedAt: instant('used_at'),
  successor: bytes('successor'),
  forgivenAt: instant('forgiven_at'),
})

export const mailLinks = pgTable('mail_links', {
  id: id(),
  userId: uuid('user_id').notNull(),
  kind: text({ enum: ['magic-link', 'password-reset', 'email-verification', 'email-change'] }).notNull(),
  hash: bytes('hash'),
  newEmail: text('new_email'),
  oldEmail: text('old_email'),
  sessionId: uuid('session_id'),
  createdAt: now('created_at'),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
})

export const totp = pgTable('totp', {
  userId: uuid('user_id').primaryKey(),
  sealedSeed: text('sealed_seed').notNull(),
  confirmedAt: instant('confirmed_at'),
  lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
})

export const recoveryCodes = pgTable(
  'recovery_codes',
  { userId: uuid('user_id').notNull(), hash: bytes('hash').notNull(), usedAt: instant('used_at') },
  (table) => [primaryKey({ columns: [table.userId, table.hash] })],
)

export const externalIdentities = pgTable(
  'external_identities',
  {
    issuer: text().notNull(),
    subject: text().notNull(),
    userId: uuid('user_id').notNull(),
    createdAt: now('created_at'),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.subject] })],
)
