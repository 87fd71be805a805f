// backup/DISASTER_RECOVERY_RUNBOOK.md and its probe: what the sabotages can't break, since it depends on the day and on values.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Context } from '../readiness/context/context.ts'
import { Red } from '../readiness/context/red.ts'
import { runbookLeadsBack } from '../readiness/probes/recovery-runbook.ts'

const page = 'backup/DISASTER_RECOVERY_RUNBOOK.md'
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)
const row = (name: string, within: string, took: string, lose: string, lost: string, when: string) =>
  `| ${name} | ${within} | ${took} | ${lose} | ${lost} | ${when} | a machine of two processors |`
const rows = [
  row('logical restore', '30 min', '4 min 10 s', '26 h', '3.5 h', day(399)),
  row('point in time', '30 min', '1 min', '60 s', '50.5 s', day(1)),
  row('standby takes over', '5 min', '900 ms', '60 s', '0 s', day(0)),
  row('full system from nothing', '2 h', '1 h 59 min', '60 s', '60 s', day(0)),
]

type Change = (text: string) => string

/** What the probe says of the page with other text: its evidence, or the reason for which it is red. */
async function see(change: Change) {
  const tree = mkdtempSync(join(tmpdir(), 'seaworthy-runbook-'))
  onTestFinished(() => rmSync(tree, { recursive: true, force: true }))
  cpSync('backup', join(tree, 'backup'), { recursive: true })
  for (const name of ['config', 'docker-compose.production.yml', 'docs', 'package.json', 'scripts', 'src'])
    symlinkSync(join(process.cwd(), name), join(tree, name))
  const table = /(<!-- measured -->\n[^\n]*\n[^\n]*\n).*?(<!-- \/measured -->)/s
  const text = readFileSync(page, 'utf8').replace(table, (_, head, end) => `${head}${rows.join('\n')}\n${end}`)
  writeFileSync(join(tree, page), change(text))
  return runbookLeadsBack({ tree } as Context).catch((error) => {
    if (!(error instanceof Red)) throw error
    return error.reason
  })
}

test('is green with values that were measured and held', async () => {
  expect(await see((text) => text)).toMatchObject({
    procedures: 8,
    'full system from nothing': '1 h 59 min, 60 s lost, '.concat(day(0)),
  })
})

const put = (find: string, replace: string): Change => {
  return (text) => {
    expect(text.split(find)).toHaveLength(2)
    return text.replace(find, () => replace)
  }
}

test.each<[string, string, Change]>([
  ['a value that was never measured', 'value-missing', put('| 4 min 10 s |', '| not measured |')],
  ['no day', 'value-missing', put(day(399), '')],
  ['a row that is gone', 'value-missing', put('| point in time |', '| another time |')],
  ['a value without a unit', 'value-unreadable', put('| 4 min 10 s |', '| 250 |')],
  ['more time than is promised', 'above-target', put('1 h 59 min', '2 h 1 s')],
  ['more loss than is promised', 'above-target', put('50.5 s', '1 min 1 s')],
  ['a promise that was watered down', 'target-too-high', put('| 2 h |', '| 3 h |')],
  ['a measurement of long ago', 'measured-too-long-ago', put(day(399), day(402))],
  ['a day that is none', 'day-unreadable', put(day(399), 'last spring')],
  ['a day to come', 'day-unreadable', put(day(399), day(-2))],
  ['a section that is gone', 'section-missing', put('## After each restore', '## Later')],
  [
    'a role without a deputy',
    'role-missing',
    put('| `[NAME, PHONE]`, else the first [on call](../docs/on-call.md) | `[NAME, PHONE]` |', '| `[NAME, PHONE]` | |'),
  ],
  ['a procedure that is gone', 'procedure-missing', put('### Redis is lost', '### Redis is away')],
  [
    'a procedure that nothing leads to',
    'procedure-not-led-to',
    put('### Redis is lost', '### Disks are slow\n\n### Redis is lost'),
  ],
  ['a service that nobody has', 'not-there', put('run --rm setup', 'run --rm sets-up')],
  ['a script of npm that nobody has', 'not-there', put('`npm run reconcile`', '`npm run compare`')],
  ['a page that nobody has', 'not-there', put('backups.md#a-restore-is-refused', 'backups.md#a-restore-is-slow')],
  ['a command that is cut off', 'command-malformed', put('< config/erase-again.sql; done', '< config/erase-again.sql')],
])('%s is red: %s', async (_, reason, change) => {
  expect(await see(change)).toBe(reason)
})
