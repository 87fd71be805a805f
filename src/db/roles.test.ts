import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createTestDatabase } from '../../test/database.ts'
import { withClient } from '../../tools/create-database.ts'

const { appUrl, ownerUrl, name } = await createTestDatabase()
const service = new pg.Client(appUrl)

beforeAll(async () => {
  await withClient(ownerUrl, (owner) =>
    owner.query(`
      CREATE TABLE ungranted AS SELECT 1 AS n;
      CREATE SCHEMA elsewhere;
      CREATE TABLE elsewhere.things AS SELECT 1 AS n`),
  )
  await service.connect()
})
afterAll(() => service.end())

// Nothing that a test does stays.
beforeEach(async () => {
  await service.query('BEGIN')
  return () => service.query('ROLLBACK')
})

const addUser = `INSERT INTO users (email, name, role, password_hash)
  VALUES ('ada@example.com', 'Ada', 'client', '$argon2id$') RETURNING id`
const addJob = `WITH ada AS (${addUser})
  INSERT INTO jobs (client_id, slug, title, description, category, budget_amount, budget_currency)
  SELECT id, 'mend-the-net', 'Mend the net', 'It has holes.', 'other', 100, 'EUR' FROM ada`

test.each([
  ['create a table', 'CREATE TABLE planted (n integer)'],
  ['create a temporary table', 'CREATE TEMPORARY TABLE planted (n integer)'],
  ['create a schema', 'CREATE SCHEMA planted'],
  ['create a function', 'CREATE FUNCTION planted() RETURNS integer LANGUAGE sql RETURN 1'],
  ['create an extension', 'CREATE EXTENSION pgcrypto'],
  ['create a role', 'CREATE ROLE planted'],
  ['create an index', 'CREATE INDEX planted ON jobs (title)'],
  ['alter a table', 'ALTER TABLE jobs DROP COLUMN search'],
  ['switch a constraint off', 'ALTER TABLE jobs DROP CONSTRAINT jobs_budget_positive'],
  ['drop a table', 'DROP TABLE jobs'],
  ['drop the schema', 'DROP SCHEMA public CASCADE'],
  ['drop the database', `DROP DATABASE ${name}`],
  ['empty a table', 'TRUNCATE jobs'],
  ['delete users', 'DELETE FROM users'],
  ['say that a migration ran', "INSERT INTO schema_migrations (name, run_on) VALUES ('9999_planted', now())"],
  ['rename a migration', "UPDATE schema_migrations SET name = '9999_planted'"],
  ['say that a migration did not run', 'DELETE FROM schema_migrations'],
  ['read a table that no migration granted', 'SELECT n FROM ungranted'],
  ['read a table of a schema that it needn’t', 'SELECT n FROM elsewhere.things'],
  ['become the owner', 'SET ROLE seaworthy_owner'],
  ['join another group', 'GRANT seaworthy_owner TO seaworthy_service'],
  ['read passwords of logins', 'SELECT rolpassword FROM pg_authid'],
  ['read a file of the server', "SELECT pg_read_file('PG_VERSION')"],
  ['run a program on the server', "COPY jobs TO PROGRAM 'true'"],
])('the service may not %s', async (_, text) => {
  // A DROP DATABASE is refused inside a transaction before anyone looks at its rights.
  if (text.startsWith('DROP DATABASE')) await service.query('ROLLBACK')
  await expect(service.query(text)).rejects.toMatchObject({ code: '42501' })
})

test.each([
  ['add users', addUser],
  ['read users', 'SELECT * FROM users'],
  ['change users', 'UPDATE users SET name = name'],
  ['add jobs', addJob],
  ['read jobs', 'SELECT * FROM jobs'],
  ['change jobs', 'UPDATE jobs SET title = title'],
  ['purge jobs', 'DELETE FROM jobs WHERE deleted_at < now()'],
  ['lock jobs that it purges', 'SELECT id FROM jobs FOR UPDATE SKIP LOCKED'],
  ['see which migrations ran', 'SELECT name FROM schema_migrations'],
])('the service can %s', async (_, text) => {
  await expect(service.query(text)).resolves.toBeDefined()
})

test('the service can do nothing by itself: all it may comes from its group', async () => {
  const { rows } = await service.query(`
    SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
      (SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = pg_roles.oid) AS groups
    FROM pg_roles WHERE rolname = current_user`)
  expect(rows).toEqual([
    {
      rolname: 'seaworthy_service',
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolreplication: false,
      rolbypassrls: false,
      groups: ['seaworthy_app'],
    },
  ])
})
