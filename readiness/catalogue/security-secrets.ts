import { type Control, control, removed, source, state } from '../control.ts'
import { theServiceMayNot } from '../probes/security-role.ts'
import { productionRefusesWeakSecrets } from '../probes/security-secrets.ts'

export const securitySecrets: Control[] = [
  control({
    id: 'SEC-27',
    level: 'must',
    holds:
      'Secrets come from the environment or from *_FILE and none has a default; production refuses missing, short, placeholder, repetitive and development secrets with exit 78, names each and repeats none.',
    because: 'A service that starts with the secret of the sample file lets anyone sign tokens of an admin.',
    code: [
      'src/config.ts',
      'src/environment.rules.ts',
      'src/environment.schemas.ts',
      'src/lib/secrets.ts',
      'src/door.ts',
    ],
    runbook: 'docs/runbooks/secrets.md#production-refuses-a-secret',
    needs: ['api', 'database'],
    probe: productionRefusesWeakSecrets,
    sabotages: [
      removed('src/config.ts', "  if (values.NODE_ENV === 'production') problems.push(...unfitForProduction(values))", {
        red: 'short-secret-taken',
      }),
      source(
        'a secret has a default',
        'src/environment.schemas.ts',
        "    should: 'a random text of at least 32 characters (openssl rand -base64 32)',",
        "    default: 'c2V2ZW50eS1mb3VyLWNyYW5lcy1hbmQtYS1ib2F0',\n    should: 'a random text of at least 32 characters (openssl rand -base64 32)',",
        { red: 'missing-secret-taken' },
      ),
      source('the sample secret is taken', 'src/lib/secrets.ts', '/change-?me|', '/', {
        red: 'placeholder-secret-taken',
      }),
      source(
        'secrets made for development are taken',
        'src/lib/secrets.ts',
        'if (secret.includes(developmentMark))',
        'if (secret === developmentMark)',
        { red: 'development-secret-taken' },
      ),
      source('a refusal ends as any failure', 'src/door.ts', '? 78 : 1', '? 1 : 1', { red: 'exit-is-not-78' }),
      source('what is not taken is repeated', 'src/config.ts', "variable.secret ? '' : `, not", "false ? '' : `, not", {
        red: 'secret-said',
      }),
      source(
        'files are not read',
        'src/config.ts',
        'variable.secret ? secretText(name, source, stored) : source[name]',
        'source[name]',
        {
          red: 'bad-file-taken',
        },
      ),
    ],
  }),

  control({
    id: 'SEC-36',
    level: 'must',
    holds:
      "The service's login owns nothing, runs no DDL, and of the audit trail it may INSERT and SELECT only; another login runs the migrations.",
    because:
      'Whoever takes the service over gets what its login may do: with ownership that is the whole schema, and the trail that would tell of it.',
    code: ['migrations', 'tools/create-database.ts'],
    runbook: 'docs/runbooks/database.md#the-services-role-has-too-many-rights',
    needs: ['database'],
    own: {},
    probe: theServiceMayNot,
    sabotages: [
      state(
        'the service owns a table',
        {
          look: ({ sql }) => sql.admin("SELECT tableowner FROM pg_tables WHERE tablename = 'jobs'"),
          apply: ({ sql }) => sql.admin('ALTER TABLE jobs OWNER TO seaworthy_service'),
          undo: ({ sql }) => sql.admin('ALTER TABLE jobs OWNER TO seaworthy_owner'),
        },
        { red: 'ddl-allowed' },
      ),
      state(
        'the service may change the audit trail',
        {
          look: ({ sql }) => sql.admin("SELECT relacl::text FROM pg_class WHERE relname = 'audit_log'"),
          apply: ({ sql }) => sql.admin('GRANT UPDATE ON audit_log TO seaworthy_app'),
          undo: ({ sql }) => sql.admin('REVOKE UPDATE ON audit_log FROM seaworthy_app'),
        },
        { red: 'audit-changeable' },
      ),
      state(
        'everyone gets temporary tables, as PostgreSQL has it',
        {
          look: ({ sql }) => sql.admin('SELECT datacl::text FROM pg_database WHERE datname = current_database()'),
          apply: ({ sql }) => sql.admin(onThisDatabase('GRANT TEMPORARY ON DATABASE %I TO PUBLIC')),
          undo: ({ sql }) => sql.admin(onThisDatabase('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC')),
        },
        { red: 'temporary-table-allowed' },
      ),
      source(
        'a migration grants what is convenient',
        'migrations/0003_events.up.sql',
        'GRANT SELECT, INSERT ON audit_log',
        'GRANT SELECT, INSERT, DELETE ON audit_log',
        { red: 'audit-changeable' },
      ),
      source(
        'a migration forgets the audit trail',
        'migrations/0003_events.up.sql',
        'GRANT SELECT, INSERT ON audit_log',
        'GRANT SELECT ON audit_log',
        { red: 'audit-not-usable' },
      ),
    ],
  }),
]

const onThisDatabase = (statement: string) => `DO $$ BEGIN EXECUTE format('${statement}', current_database()); END $$`
