// DAT-03: what squawk says of the migrations, whether it would say it of one that blocks, and the last release on the schema of today.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { playPrevious, soonReleased, unpackPrevious } from '../../tools/previous-release.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

/** One that blocks, and the rule that has to be named. */
const unsafe = {
  'require-concurrent-index-creation': 'CREATE INDEX jobs_by_title ON jobs (title);',
  'must begin with "-- no transaction"': 'CREATE INDEX CONCURRENTLY jobs_by_title ON jobs (title);',
  'renaming-column': 'ALTER TABLE jobs RENAME COLUMN title TO name;',
  'ban-drop-column': 'ALTER TABLE jobs DROP COLUMN title;',
  'changing-column-type': 'ALTER TABLE jobs ALTER COLUMN version TYPE bigint;',
  'adding-not-nullable-field': 'ALTER TABLE jobs ALTER COLUMN closed_at SET NOT NULL;',
  'constraint-missing-not-valid': 'ALTER TABLE jobs ADD CONSTRAINT jobs_odd CHECK (version % 2 = 1);',
  'must be one statement': '-- no transaction\nCREATE INDEX CONCURRENTLY a ON jobs (title);\nSELECT 1;',
}
const safe = '-- no transaction\nCREATE INDEX CONCURRENTLY jobs_by_title ON jobs (title);\n'

export async function olderCodeOnNewerSchema(context: Context): Promise<Evidence> {
  await lintIsClean(context)
  await lintSeesWhatBlocks(context)
  const { folder, env, payments, mail, start } = context
  const previous = join(folder(), 'previous')
  const { version, commit } = await unpackPrevious(previous)
  const { ready, code, said, failures } = await playPrevious(previous, {
    // Its money is released in an hour: the journey ends before, and test/previous-release.test.ts plays the rest.
    start: (args) => start(args, { ...env, ...soonReleased, RELEASE_AFTER_SECONDS: '3600' }),
    mailUrl: mail.webUrl,
    tellProvider: (url) => payments.sendWebhooks({ url: `${url}/v1/webhooks/payments` }),
  })
  if (ready !== 200) red('previous-release-not-ready', String(ready))
  if (code !== 0) red('previous-release-fails', `${said.slice(-500)} ${failures[0] ?? ''}`)
  const steps = said.split('\n').filter((line) => line.startsWith('  ok  ')).length
  if (failures.length > 0) red('previous-release-fails', failures[0])
  return { rules: Object.keys(unsafe).length, release: version, commit: commit.slice(0, 12), steps }
}

/** By the step of the check itself. */
async function lintIsClean({ finish }: Context): Promise<void> {
  const { code, said } = await finish(['tools/check.ts', 'migration lint'], {}, 60_000)
  if (said.includes('No step of the check')) red('not-part-of-the-check', said)
  if (code !== 0) red('migration-unsafe', said.slice(0, 2000))
}

async function lintSeesWhatBlocks({ variant, finish }: Context): Promise<void> {
  const copy = variant([])
  const lint = () => finish([join(copy, 'tools/migration-lint.ts')])
  const names = Object.entries(unsafe).map(([rule, sql], index) => {
    const file = `migrations/${String(9000 + index)}_unsafe.up.sql`
    writeFileSync(join(copy, file), `${sql}\n`)
    return { rule, file }
  })
  const { said } = await lint()
  for (const { rule } of names) if (!said.includes(rule)) red('unsafe-migration-passes', rule)
  for (const { file } of names) writeFileSync(join(copy, file), safe)
  const clean = await lint()
  if (clean.code !== 0) red('safe-migration-is-refused', clean.said.slice(0, 1000))
}
