// The runner as people start it: what it leaves behind, what it makes of a service that does not start, and what its document says.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { chmod, cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { catalogue } from '../readiness/catalogue/catalogue.ts'
import { leadsSomewhere } from '../readiness/probes/readiness-runner.ts'
import type { Report } from '../readiness/report/report.schemas.ts'
import { isAlive } from '../tools/scratch-databases.ts'
import { start } from './process.ts'
import { run } from './run.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const folderOf = (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), `seaworthy-${name}-`))
  folders.push(folder)
  return folder
}
const runner = ['--disable-warning=ExperimentalWarning', 'readiness/main.ts']
const runsOf = (pid: number | undefined) => globSync(`.local/readiness/run-${pid}`)

test('a service that does not start is no detection', async () => {
  const report = folderOf('report')
  const words = ['--home', 'readiness/planted/faulty', '--only', 'RDY-80', '--sabotage', '--report', report]
  const { code } = await run('node', [...runner, ...words], { timeout: 60_000 })
  const { controls } = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8')) as Report
  const [sabotage] = controls.find(({ id }) => id === 'RDY-80')?.sabotages ?? []
  expect([code, sabotage]).toEqual([
    1,
    expect.objectContaining({ verdict: 'not-applied', reason: expect.stringContaining('the stack did not start') }),
  ])
}, 60_000)

test('Ctrl-C leaves neither a process nor a folder, and the run after a kill -9 tidies', async () => {
  const words = [...runner, '--only', 'REL-02', '--sabotage', '--report', folderOf('report')]
  const pidsOf = (pid: number | undefined) =>
    readFileSync(`.local/readiness/run-${pid}/processes`, 'utf8').trim().split('\n').map(Number.parseFloat)
  const begun = async () => {
    const running = await start(words, { env: process.env })
    const { pid } = running.child
    // Its API is up, and there is something to leave behind.
    while (!existsSync(`.local/readiness/run-${pid}/processes`) || pidsOf(pid).length < 2) await tick()
    return { ...running, pid, pids: pidsOf(pid) }
  }
  const interrupted = await begun()
  interrupted.child.kill('SIGINT')
  interrupted.child.kill('SIGINT')
  expect(await interrupted.ended).toEqual({ code: 130, signal: null })
  expect(runsOf(interrupted.pid)).toEqual([])
  while (interrupted.pids.some(isAlive)) await tick()

  const killed = await begun()
  killed.child.kill('SIGKILL')
  await killed.ended
  expect(runsOf(killed.pid)).toHaveLength(1)
  const next = ['--home', 'readiness/planted/sound', '--report', folderOf('report')]
  expect((await run('node', [...runner, ...next])).code).toBe(0)
  while (killed.pids.some(isAlive)) await tick()
  expect(runsOf(killed.pid)).toEqual([])
}, 60_000)

const tick = () => new Promise((resolve) => setImmediate(resolve))

test('docs/readiness.md: its steps add a control, which is proven at once', async () => {
  const root = folderOf('clone')
  // As root, PostgreSQL runs as another user, who must be able to enter.
  await chmod(root, 0o755)
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
    .toString()
    .split('\0')
  for (const file of files.filter((name) => name && existsSync(name))) await cp(file, join(root, file))
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'))
  const guide = readFileSync('docs/readiness.md', 'utf8')
  const block = (language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? ''
  const change = (file: string, make: (text: string) => string) =>
    writeFileSync(join(root, file), make(readFileSync(join(root, file), 'utf8')))
  change('readiness/controls.tsv', (text) => text + block('tsv'))
  // Its words are those of control.ts; which of them a file imports already is no matter of the guide.
  const words = "import * as its from '../control.ts'\n"
  const entry = block('ts').replace(/\b(control|red|source)\(/g, 'its.$1(')
  change('readiness/catalogue/operations.ts', (text) => words + text.replace(/\n\]\n*$/, `\n${entry}]\n`))
  const args = [join(root, 'readiness/main.ts'), '--only', 'OPS-90', '--sabotage']
  const { code, stdout, stderr } = await run('node', [runner[0] ?? '', ...args], { timeout: 120_000 })
  expect([code, stderr]).toEqual([0, expect.stringMatching(/OPS-90 +proven/)])
  expect(stdout).toContain('1 verified')
}, 120_000)

test('each control leads to files that exist, and to a section of a runbook', () => {
  expect(catalogue.length).toBeGreaterThan(30)
  for (const { id, code, runbook } of catalogue) {
    expect([id, code.filter((file) => !existsSync(file)), leadsSomewhere('.', runbook)]).toEqual([id, [], true])
  }
})

test('readiness/controls.tsv has what the catalogue has, once, and the levels agree', () => {
  const lines = readFileSync('readiness/controls.tsv', 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z]{3}-\d\d\t/.test(line))
  const listed = new Map(lines.map((line) => [line.split('\t')[0], line.split('\t')[1]]))
  expect(listed.size).toBe(lines.length)
  for (const { id, level } of catalogue) expect([id, listed.get(id)]).toEqual([id, level])
})

test('each edit of a sabotage finds its text once', () => {
  const edits = catalogue.flatMap(({ id, sabotages }) =>
    sabotages.flatMap((sabotage) =>
      sabotage.kind === 'source' ? sabotage.edits.map((edit) => ({ id, ...edit })) : [],
    ),
  )
  expect(edits.length).toBeGreaterThan(100)
  const astray = edits.filter(({ file, find }) => readFileSync(file, 'utf8').split(find).length !== 2)
  expect(astray.map(({ id, file, find }) => `${id}: ${file}: ${find}`)).toEqual([])
})

// Without these the boot fails, by the dependencies of others or by their own routes: the boot itself is the detection.
const bootFailsWithout = ['controls', 'identify', 'address', 'cookies']
// A page of development, which no control asks for.
const unasked = ['home']

test('every plugin that app.ts registers is taken out by a sabotage, or its absence stops the boot', () => {
  const registered = [...readFileSync('src/app.ts', 'utf8').matchAll(/^ {2}await app\.register\((\w+)/gm)].map(
    ([, name]) => name,
  )
  const plugins = registered.filter((name) => name && !name.endsWith('Routes'))
  const taken = catalogue.flatMap(({ sabotages }) =>
    sabotages.flatMap((sabotage) => (sabotage.kind === 'source' ? sabotage.edits : []).map(({ find }) => find)),
  )
  expect(plugins.length).toBeGreaterThan(10)
  const untouched = plugins.filter((name) => !taken.some((find) => find.includes(`app.register(${name}`)))
  expect(untouched.filter((name) => ![...bootFailsWithout, ...unasked].includes(name ?? ''))).toEqual([])
})
