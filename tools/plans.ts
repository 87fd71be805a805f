// `npm run test:plans [-- --jobs N]`: seeds a database with N jobs (default 1,000,000, which takes six
// minutes and 4 GB; 20,000 is enough to try it), calls every operation, every list with parameters that make it dear, and what workers
// do at fixed times, and looks at the plan of every statement. It fails on one that reads a large table from end to end, that spills to
// disk, or that touches more pages than it may; on a list whose page 10,000 costs more than 1.5 times the first; and on a function of a
// repository that nothing called. Plans are those of the first calls of a statement: a generic plan of later ones is not seen.
// `--seeded` takes a database that `npm run seed` filled instead, and writes to it: DATABASE_URL, DATABASE_OWNER_URL and, for a
// superuser, DATABASE_ADMIN_URL say where. `--json FILE` writes what it saw.
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { withClient } from './create-database.ts'
import { withOwnDatabase } from './own-database.ts'
import { watchFunctions } from './plans/functions.ts'
import { openPlanLog } from './plans/log.ts'
import type { Fault } from './plans/verdict.ts'
import type { Line } from './plans/walk.ts'
import { seedDatabase } from './seed.ts'
import { textTable } from './text-table.ts'

type Options = { jobs: number; say: (line: string) => void }
type Urls = { ownerUrl: string; appUrl: string; adminUrl: string }
type Seen = { lines: Line[]; statements: number; faults: Fault[] }

/** Tables with as many rows are large, or with a tenth of the jobs where those are fewer. */
const large = 100_000
/** One of fewer pages is rightly read at once. */
const manyPages = 300
const settings = { fsync: 'off', full_page_writes: 'off', max_wal_size: '8GB' }

async function examinePlans({ jobs, say }: Options): Promise<Seen> {
  return withOwnDatabase(
    'plans',
    async (urls) => {
      await seedDatabase({ url: urls.ownerUrl, jobs, say })
      return look(urls)
    },
    settings,
  )
}

async function look(urls: Urls): Promise<Seen> {
  const functions = await watchFunctions()
  // Loaded now, so that every function is counted.
  const { openService } = await import('./plans/service.ts')
  const { walk } = await import('./plans/walk.ts')
  return withClient(urls.adminUrl, async (admin) => {
    const plans = await openPlanLog(admin, 'seaworthy_service')
    const service = await openService(urls.appUrl)
    try {
      const tables = await admin.query(
        `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
         AND reltuples >= least($1, (SELECT count(*) FROM jobs) / 10) AND relpages >= $2`,
        [large, manyPages],
      )
      const found = new Set(tables.rows.map(({ name }) => String(name)))
      const seen = await walk({ service, urls: { ...urls, name: '' }, admin, plans, functions, large: found })
      return { ...seen, faults: faultsIn(seen, found) }
    } finally {
      await service.close()
      await plans.close()
      functions.close()
    }
  })
}

type Walked = { lines: Line[]; statements: number; unseen: string[]; needless: string[] }

function faultsIn({ lines, statements, unseen, needless }: Walked, tables: Set<string>): Fault[] {
  const unlooked = [
    ...unseen.map((name) => `${name} was never called: call it, or say why not in tools/plans/exceptions.ts`),
    ...needless.map((name) => `${name} needs no exception: it was called, or is gone`),
    ...(statements < 200 ? [`only ${statements} statements were seen`] : []),
    ...(tables.size < 3 ? ['hardly any table is large'] : []),
  ]
  return [
    ...lines.flatMap(({ call, statement, faults }) =>
      faults.map(({ reason, detail }) => ({ reason, detail: `${call}: ${statement} ${detail}` })),
    ),
    ...unlooked.map((detail): Fault => ({ reason: 'not-looked-at', detail })),
  ]
}

function urlsGiven(): Urls {
  const [appUrl, ownerUrl, adminUrl] = ['DATABASE_URL', 'DATABASE_OWNER_URL', 'DATABASE_ADMIN_URL'].map(
    (name) => process.env[name],
  )
  if (appUrl && ownerUrl && adminUrl) return { appUrl, ownerUrl, adminUrl }
  throw new Error('--seeded needs DATABASE_URL, DATABASE_OWNER_URL and DATABASE_ADMIN_URL')
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      jobs: { type: 'string', default: '1000000' },
      json: { type: 'string' },
      seeded: { type: 'boolean' },
    },
  })
  const { lines, statements, faults } = values.seeded
    ? await look(urlsGiven())
    : await examinePlans({ jobs: Number(values.jobs), say: console.log })
  const rows = lines.map(({ call, statement, rows, pages, ms, faults }) => [
    ...[
      call,
      statement,
      String(rows),
      String(pages),
      ms.toFixed(1),
      faults.map(({ detail }) => detail).join('; ') || 'fine',
    ],
  ])
  console.log(textTable([['call', 'dearest statement', 'rows', 'pages', 'ms', ''], ...rows]))
  console.log(
    faults.length === 0
      ? `${statements} statements, each with a plan that fits.`
      : `NOT FINE\n${faults.map(({ detail }) => detail).join('\n')}`,
  )
  if (values.json) await writeFile(values.json, JSON.stringify({ lines, statements, faults }, null, 2))
  process.exitCode = faults.length === 0 ? 0 : 1
}
