// The kinds of columns that drizzle does not have, and those that many tables do.
import { customType, integer, sql, uuid } from './drizzle.ts'

/** A moment, as RFC 3339 in UTC with milliseconds: what the database keeps is what cursors and answers carry. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
})

export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
/** Whole numbers as PostgreSQL writes ranges of them: `{[1,4),[6,7)}`. */
export const idRanges = customType<{ data: string }>({ dataType: () => 'int8multirange' })
export const searchVector = customType<{ data: string }>({ dataType: () => 'tsvector' })

export const id = () => uuid().primaryKey().default(sql`uuidv7()`)
export const version = () => integer().notNull().default(1)
export const now = (name: string) => instant(name).notNull().default(sql`now()`)
