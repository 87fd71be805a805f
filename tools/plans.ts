// `npm run test:plans [-- --jobs N]`: seeds a database with N jobs (default 1,000,000, which takes six
// minutes and 4 GB; 20,000 is enough to try it), calls every operation, every list with parameters that make it dear, and what workers
// do at fixed times, and looks at the plan of every statement. It fails on one that reads a large table from end to end, that spills to
// disk, or that touches more pages than it may; on a list whose page 10,000 costs more than 1.5 times the first; and on a function of a
// repository that nothing called. Plans are those of the first calls of a statement: a generic plan of later ones is not seen.
// `--json FILE` writes what it saw.
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { withClient } from './create-database.ts'
import { withOwnDatabase } from './own-database.ts'
import { watchFunctions } from './plans/functions.ts'
import { openPlanLog } from './plans/log.ts'
import type { Line } from './plans/walk.ts'
import { seedDatabase } from './seed.ts'
import { textTable } from './text-table.ts'

type Options = { jobs: number; say: (line: string) => void }
type Seen = { lines: Line[]; statements: number; faults: string[] }

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
      return look(urls, Math.min(large, jobs / 10))
    },
    settings,
  )
}

async function look(urls: { ownerUrl: string; appUrl: string; adminUrl: string }, rows: number): Promise<Seen> {
  const functions = await watchFunctions()
  // Loaded now, so that every function is counted.
  const { openService } = await import('./plans/service.ts')
  const { walk } = await import('./plans/walk.ts')
  return withClient(urls.adminUrl, async (admin) => {
    const plans = await openPlanLog(admin, 'seaworthy_service')
    const service = await openService(urls.appUrl)
    try {
      const tables = await admin.query(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= $1 AND relpages >= $2",
        [rows, manyPages],
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

function faultsIn({ lines, statements, unseen, needless }: Walked, tables: Set<string>): string[] {
  return [
    ...lines.flatMap(({ call, statement, faults }) => faults.map((fault) => `${call}: ${statement} ${fault}`)),
    ...unseen.map((name) => `${name} was never called: call it, or say why not in tools/plans/exceptions.ts`),
    ...needless.map((name) => `${name} needs no exception: it was called, or is gone`),
    ...(statements < 200 ? [`only ${statements} statements were seen`] : []),
    ...(tables.size < 3 ? ['hardly any table is large'] : []),
  ]
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { jobs: { type: 'string', default: '1000000' }, json: { type: 'string' } } })
  const { lines, statements, faults } = await examinePlans({ jobs: Number(values.jobs), say: console.log })
  const rows = lines.map(({ call, statement, rows, pages, ms, faults }) => [
    ...[call, statement, String(rows), String(pages), ms.toFixed(1), faults.join('; ') || 'fine'],
  ])
  console.log(textTable([['call', 'dearest statement', 'rows', 'pages', 'ms', ''], ...rows]))
  console.log(
    faults.length === 0 ? `${statements} statements, each with a plan that fits.` : `NOT FINE\n${faults.join('\n')}`,
  )
  if (values.json) await writeFile(values.json, JSON.stringify({ lines, statements, faults }, null, 2))
  process.exitCode = faults.length === 0 ? 0 : 1
}
