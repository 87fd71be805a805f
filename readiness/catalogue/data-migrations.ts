import { type Control, control, removed, source } from '../control.ts'
import { olderCodeOnNewerSchema } from '../probes/data-previous-release.ts'

// The last one that may hold a second statement: those after it make an index each, alone.
const newest = 'migrations/0023_uploads.up.sql'
const end = ' ON uploads TO seaworthy_app;\n'

export const dataMigrations: Control[] = [
  control({
    id: 'DAT-03',
    level: 'should',
    holds:
      'A migration that would block who is serving fails the check, and the code of the last release plays its journey, up to the approval of the work, on the schema of today.',
    because:
      'While a deploy runs, and after a rollback, old code meets the new schema: a renamed column fails every call of it, and an index that is made under a lock stops all writes for as long as it takes.',
    code: ['.squawk.toml', 'tools/migration-lint.ts', 'tools/previous-release.ts', 'releases/last.json'],
    runbook: 'docs/runbooks/database.md#a-migration-blocks-or-breaks-the-old-release',
    needs: ['database', 'redis', 'mail', 'payments', 'history'],
    own: {},
    probe: olderCodeOnNewerSchema,
    sabotages: [
      source('an index is made under a lock', newest, end, `${end}CREATE INDEX jobs_by_title ON jobs (title);\n`, {
        red: 'migration-unsafe',
      }),
      source(
        'a column of the last release is renamed, past the linter',
        newest,
        end,
        `${end}-- squawk-ignore renaming-column\nALTER TABLE applications RENAME COLUMN cover_letter TO letter;\n`,
        { red: 'previous-release-fails' },
      ),
      source(
        'a rule is off',
        '.squawk.toml',
        'excluded_rules = [\n',
        'excluded_rules = [\n  "require-concurrent-index-creation",\n',
        { red: 'unsafe-migration-passes' },
      ),
      removed('tools/check.ts', "  ['migration lint', 'node tools/migration-lint.ts'],", {
        red: 'not-part-of-the-check',
      }),
    ],
  }),
]
