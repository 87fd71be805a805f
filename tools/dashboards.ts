// `npm run dashboards -- PROMETHEUS_URL [FILE]`: every dashboard with its data as one page without network (dashboards.html). With
// --minutes N of the last N minutes (30), with --rate D rates over D (1m; at least four times what lies between two scrapes).
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { readBoards } from './monitoring/dashboard-data.ts'
import { renderDashboards } from './monitoring/dashboard-page.ts'

const options = { minutes: { type: 'string', default: '30' }, rate: { type: 'string', default: '1m' } } as const
const { values, positionals } = parseArgs({ options, allowPositionals: true })
const [source, file = 'dashboards.html'] = positionals
const minutes = Number(values.minutes)

if (!source || !URL.canParse(source) || !(minutes > 0) || !/^\d+[smh]$/.test(values.rate)) {
  console.error('Usage: npm run dashboards -- PROMETHEUS_URL [FILE] [--minutes 30] [--rate 1m]')
  process.exit(2)
}
try {
  const to = Math.floor(Date.now() / 1000)
  // As many points as a chart of this size can show.
  const span = { from: to - minutes * 60, to, step: Math.max(1, Math.round((minutes * 60) / 240)) }
  const boards = await readBoards(source, span, values.rate)
  await writeFile(file, renderDashboards({ boards, span, source: new URL(source).host }))
  const panels = boards.flatMap(({ rows }) => rows.flatMap((row) => row.panels))
  const empty = panels.filter(({ lines }) => lines.length === 0)
  console.log(`${resolve(file)}: ${panels.length} panels of ${boards.length} dashboards`)
  if (empty.length > 0) console.log(`Without data: ${empty.map(({ title }) => title).join(', ')}`)
} catch (error) {
  console.error(`No Prometheus answers at ${source}: ${(error as Error).message}`)
  process.exitCode = 3
}
