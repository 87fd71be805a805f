// docs/privacy.md names every column that could hold personal data, or says that it can't: a new one has to be thought about.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { createTestDatabase } from './database.ts'

const { ownerUrl } = await createTestDatabase()
const [personal = '', free = ''] = (await readFile('docs/privacy.md', 'utf8')).split('## Free of personal data\n')
const named = (text: string) =>
  [...text.matchAll(/^(?:\||-) `(\w+)[.]([\w, ]+)`/gm)].flatMap(([, table, columns = '']) =>
    columns.split(', ').map((column) => `${table}.${column}`),
  )

const columns = await withClient(ownerUrl, async (owner) => {
  const { rows } = await owner.query(`
    SELECT relname || '.' || attname AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'schema_migrations'
      AND attnum > 0 AND NOT attisdropped
      AND atttypid IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype, 'bytea'::regtype, 'tsvector'::regtype)`)
  return rows.map(({ name }) => name as string).sort()
})

test('each column of text, JSON or bytes is in one of the two lists, and each entry is such a column', () => {
  expect(columns.length).toBeGreaterThan(60)
  expect([...named(personal), ...named(free)].sort()).toEqual(columns)
})

test('those that erasure is about are among the personal ones', () => {
  expect(named(personal)).toEqual(expect.arrayContaining(['users.email', 'users.name', 'idempotency_keys.body']))
})
