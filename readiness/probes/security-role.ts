// SEC-36: what the login of the service may not do, by its own attempts. Nothing that succeeds stays.
import type pg from 'pg'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

const audit = 'audit_log'
const addToAudit = `INSERT INTO ${audit} (action, object_type, object_id) VALUES ('probe.looked', 'probe', uuidv7())`

/** By the reason that it is when one of them is let through. */
const forbidden: Record<string, readonly string[]> = {
  'ddl-allowed': [
    'CREATE TABLE planted (n integer)',
    'CREATE TABLE planted AS SELECT * FROM users',
    'CREATE VIEW planted AS SELECT * FROM users',
    'CREATE MATERIALIZED VIEW planted AS SELECT * FROM users',
    'CREATE SEQUENCE planted',
    "CREATE TYPE planted AS ENUM ('a')",
    'CREATE FUNCTION planted() RETURNS integer LANGUAGE sql RETURN 1',
    'CREATE SCHEMA planted',
    'CREATE EXTENSION pgcrypto',
    'CREATE INDEX planted ON jobs (title)',
    'CREATE TRIGGER planted BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'CREATE RULE planted AS ON INSERT TO jobs DO INSTEAD NOTHING',
    'CREATE POLICY planted ON jobs',
    'ALTER TABLE jobs ADD COLUMN planted integer',
    'ALTER TABLE jobs DROP CONSTRAINT jobs_budget_positive',
    'ALTER TABLE jobs DISABLE TRIGGER ALL',
    'ALTER TABLE jobs OWNER TO CURRENT_USER',
    'ALTER TABLE jobs RENAME TO planted',
    "COMMENT ON TABLE jobs IS 'planted'",
    'DROP TABLE jobs',
    'DROP SCHEMA public CASCADE',
    'TRUNCATE jobs CASCADE',
  ],
  'temporary-table-allowed': ['CREATE TEMPORARY TABLE planted (n integer)', 'SELECT 1 AS n INTO TEMPORARY planted'],
  'audit-changeable': [
    `UPDATE ${audit} SET action = 'probe.looked'`,
    `UPDATE ${audit} SET actor_id = NULL WHERE id = 1`,
    `DELETE FROM ${audit}`,
    `TRUNCATE ${audit}`,
    `SELECT id FROM ${audit} FOR UPDATE`,
    `MERGE INTO ${audit} USING (SELECT 1 AS id) AS s ON ${audit}.id = s.id WHEN MATCHED THEN DELETE`,
    `ALTER TABLE ${audit} ADD COLUMN planted integer`,
    `DROP TABLE ${audit}`,
    `CREATE RULE planted AS ON INSERT TO ${audit} DO INSTEAD NOTHING`,
    `LOCK TABLE ${audit} IN ACCESS EXCLUSIVE MODE`,
    "UPDATE audit_seals SET key_id = 'planted'",
    'DELETE FROM audit_seals',
    'TRUNCATE audit_seals',
  ],
  'other-schema-allowed': ['SELECT n FROM elsewhere.things', 'CREATE TABLE elsewhere.planted (n integer)'],
  'ungranted-table-allowed': [
    'SELECT n FROM ungranted',
    'DELETE FROM users',
    'DELETE FROM contracts',
    'UPDATE backups SET finished_at = now()',
  ],
  'migrations-changeable': [
    "INSERT INTO schema_migrations (name, run_on) VALUES ('9999_planted', now())",
    "UPDATE schema_migrations SET name = '9999_planted'",
    'DELETE FROM schema_migrations',
  ],
  'another-role-allowed': [
    'SET ROLE seaworthy_owner',
    'SET SESSION AUTHORIZATION seaworthy_owner',
    'GRANT seaworthy_owner TO CURRENT_USER',
    'CREATE ROLE planted',
    'SELECT rolpassword FROM pg_authid',
  ],
  'server-allowed': [
    "SELECT pg_read_file('PG_VERSION')",
    "COPY jobs TO PROGRAM 'true'",
    "COPY users TO '/tmp/planted'",
    'ALTER SYSTEM SET log_statement = none',
    "LOAD 'dblink'",
  ],
}

export async function theServiceMayNot({ sql }: Context): Promise<Evidence> {
  await sql.owner(`
    CREATE SCHEMA IF NOT EXISTS elsewhere;
    CREATE TABLE IF NOT EXISTS elsewhere.things (n integer);
    CREATE TABLE IF NOT EXISTS ungranted (n integer)`)
  const service = await sql.session('app')
  for (const [reason, statements] of Object.entries(forbidden)) {
    for (const statement of statements) {
      const code = await attempt(service, statement)
      if (code !== '42501') red(reason, `${code}: ${statement}`)
    }
  }
  for (const statement of [addToAudit, `SELECT * FROM ${audit}`]) {
    const code = await attempt(service, statement)
    if (code !== 'done') red('audit-not-usable', `${code}: ${statement}`)
  }
  return { refused: Object.values(forbidden).flat().length, sqlstate: '42501', ...(await rightsOf(sql)) }
}

/** The SQLSTATE of a statement, or `done`; it is undone. */
async function attempt(service: pg.Client, statement: string): Promise<string> {
  // Within a transaction it is refused before anyone looks at rights.
  const alone = statement.startsWith('ALTER SYSTEM')
  if (!alone) await service.query('BEGIN')
  const code = await service.query(statement).then(
    () => 'done',
    (error: pg.DatabaseError) => error.code ?? error.message,
  )
  if (!alone) await service.query('ROLLBACK')
  return code
}

/** The same from the catalogue of the database, for what no statement tries. */
async function rightsOf({ app, owner }: Context['sql']) {
  const [service] = await app<{ name: string; owned: number; special: boolean; columns: boolean; groups: string[] }>(
    `SELECT current_user AS name,
       (SELECT count(*)::int FROM pg_class WHERE pg_has_role(relowner, 'MEMBER'))
         + (SELECT count(*)::int FROM pg_proc WHERE pg_has_role(proowner, 'MEMBER'))
         + (SELECT count(*)::int FROM pg_namespace WHERE pg_has_role(nspowner, 'MEMBER'))
         + (SELECT count(*)::int FROM pg_database WHERE pg_has_role(datdba, 'MEMBER')) AS owned,
       rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS special,
       has_any_column_privilege('${audit}', 'UPDATE') AS columns,
       (SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = pg_roles.oid) AS groups
     FROM pg_roles WHERE rolname = current_user`,
  )
  if (service?.owned !== 0) red('owns-something', String(service?.owned))
  if (service.special) red('special-role')
  if (service.columns) red('audit-changeable', 'a column of it')
  const owners = await owner(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`)
  const [migrator] = await owner<{ name: string }>('SELECT current_user AS name')
  if (owners.length !== 1 || owners[0]?.tableowner !== migrator?.name || migrator?.name === service.name)
    red('migrations-use-the-same-role', JSON.stringify(owners))
  return { owned: service.owned, service: service.name, groups: service.groups, migrations: String(migrator?.name) }
}
