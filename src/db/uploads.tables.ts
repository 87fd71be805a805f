// The table of files that people keep here: see tables.ts.
import { id, instant, now } from './columns.ts'
import { integer, pgTable, text, uuid } from './drizzle.ts'

export const uploads = pgTable('uploads', {
  id: id(),
  userId: uuid('user_id').notNull(),
  object: uuid().notNull(),
  slot: integer().notNull(),
  name: text().notNull(),
  mediaType: text('media_type', {
    enum: [
      'application/pdf',
      'application/vnd.oasis.opendocument.text',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    ],
  }).notNull(),
  size: integer().notNull(),
  createdAt: now('created_at'),
  attemptedAt: now('attempted_at'),
  storedAt: instant('stored_at'),
  removedAt: instant('removed_at'),
})
