// The table of what people say of each other: see tables.ts.
import { id, instant, now } from './columns.ts'
import { integer, pgTable, text, uuid } from './drizzle.ts'

export const reviews = pgTable('reviews', {
  id: id(),
  contractId: uuid('contract_id').notNull(),
  authorId: uuid('author_id').notNull(),
  subjectId: uuid('subject_id').notNull(),
  rating: integer().notNull(),
  text: text().notNull(),
  createdAt: now('created_at'),
  visibleAt: instant('visible_at').notNull(),
})
