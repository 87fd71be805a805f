// Controls of the schema: how it changes, what the code takes it for, what it refuses.
import { type Control, control, red, removed, source, state } from '../control.ts'
import { tryForbiddenStates } from '../probes/data-forbidden.ts'
import { migrateTogether } from '../probes/data-migrations.ts'
import { compareTables, walkMigrations } from '../probes/data-schema.ts'

export const dataSchema: Control[] = [
  control({
    id: 'DAT-01',
    level: 'must',
    holds:
      'Migrations are versioned SQL with a way up and down; of replicas that start at once one runs each, and the service is unready while one is missing.',
    because:
      'Two replicas that migrate at once leave half a schema; one that takes traffic before its columns are there answers every call with 500.',
    code: ['src/db/migrations.ts', 'src/migrate.ts', 'src/db/checks.ts'],
    runbook: 'docs/runbooks/database.md#the-schema-is-behind',
    needs: ['database', 'redis'],
    own: {},
    probe: migrateTogether,
    async look({ get }) {
      const ready = await get('/health/ready')
      if (ready.text.includes('"path":"/schema"')) red('schema-behind', ready.text)
      if (ready.status !== 200) red('not-ready', ready.text)
      return { ready: ready.status }
    },
    sabotages: [
      removed('src/db/checks.ts', "    { name: 'schema', after: 'postgres', check: schemaIsCurrent },", {
        red: 'ready-when-behind',
      }),
      source(
        'served anyway when it is behind',
        'src/db/checks.ts',
        '    if (pending.length > 0) throw new Error',
        '    if (pending.length < 0) throw new Error',
        { red: 'ready-when-behind' },
      ),
      source('no lock', 'src/db/migrations.ts', "advisoryLockMode: 'fail',", 'noLock: true,', {
        red: 'a-replica-failed',
      }),
      source('only one replica may try', 'src/db/migrations.ts', 'await delay(askAgain)', 'throw error', {
        red: 'a-replica-failed',
      }),
    ],
  }),

  control({
    id: 'DAT-02',
    level: 'must',
    holds:
      'For every migration, up, down and up again give the same schema, and the tables of the code are those of the database.',
    because:
      'A way back that was never walked is found broken in the night it is needed; a mapped column that is not there fails at the first query.',
    code: ['src/db/migrations.ts', 'src/db/tables.ts'],
    runbook: 'docs/runbooks/database.md#a-migration-failed',
    needs: ['database'],
    own: {},
    async probe(context) {
      const [walked, columns] = await Promise.all([walkMigrations(context), compareTables(context)])
      return { ...walked, columns }
    },
    sabotages: [
      source('a table stays', 'migrations/0003_events.down.sql', 'DROP TABLE inbox;\n', '', {
        red: 'down-leaves-something',
      }),
      source(
        'a grant stays',
        'migrations/0001_users.down.sql',
        'REVOKE USAGE ON SCHEMA public FROM seaworthy_app;\n',
        '',
        {
          red: 'down-leaves-something',
        },
      ),
      source(
        'a way down takes what an earlier migration made',
        'migrations/0004_applications.down.sql',
        'DROP TABLE notifications;\n',
        'DROP TABLE notifications;\nDROP INDEX jobs_skills;\n',
        { red: 'down-takes-too-much' },
      ),
      source('a column has another name', 'src/db/tables.ts', "text('cover_letter')", "text('letter')", {
        red: 'orm-differs',
      }),
      source(
        'a column has another type',
        'src/db/tables.ts',
        "bigint('budget_amount', { mode: 'number' })",
        "integer('budget_amount')",
        {
          red: 'orm-differs',
        },
      ),
    ],
  }),

  control({
    id: 'DAT-06',
    level: 'must',
    holds:
      'Foreign keys, checks, unique and not-null constraints refuse every state that SQL can forbid, and each is tried.',
    because:
      'Code that checks first and writes later lets two calls at once through: two contracts of one job, or two accounts of one address.',
    code: [
      'migrations/0001_users.up.sql',
      'migrations/0002_jobs.up.sql',
      'migrations/0003_events.up.sql',
      'migrations/0004_applications.up.sql',
    ],
    runbook: 'docs/runbooks/database.md#a-constraint-is-missing',
    needs: ['database'],
    own: {},
    probe: tryForbiddenStates,
    sabotages: [
      source(
        'a unique index is a plain one',
        'migrations/0004_applications.up.sql',
        'CREATE UNIQUE INDEX applications_one_accepted',
        'CREATE INDEX applications_one_accepted',
        { red: 'allowed' },
      ),
      removed(
        'migrations/0002_jobs.up.sql',
        "  CONSTRAINT jobs_closed_has_a_time CHECK ((status = 'closed') = (closed_at IS NOT NULL)),",
        { red: 'allowed' },
      ),
      source(
        'a column may be empty',
        'migrations/0004_applications.up.sql',
        'cover_letter text NOT NULL',
        'cover_letter text',
        {
          red: 'null-allowed',
        },
      ),
      state(
        'a unique constraint is dropped',
        {
          look: ({ sql }) =>
            sql.owner("SELECT conname FROM pg_constraint WHERE conrelid = 'contracts'::regclass ORDER BY 1"),
          apply: ({ sql }) => sql.owner('ALTER TABLE contracts DROP CONSTRAINT contracts_job_unique'),
          undo: ({ sql }) => sql.owner('ALTER TABLE contracts ADD CONSTRAINT contracts_job_unique UNIQUE (job_id)'),
        },
        { red: 'allowed' },
      ),
    ],
  }),
]
