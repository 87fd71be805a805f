// The workflows of GitHub Actions as they are written, and their steps played through: what a step's shell text calls is recorded by
// stand-ins of the programs that a runner has.
import { execFile } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { parse } from 'yaml'
import { red } from '../control.ts'

type Table = Record<string, string>
export type Step = Partial<{
  name: string
  id: string
  if: string
  uses: string
  with: Record<string, unknown>
  run: string
  env: Table
  shell: string
  'continue-on-error': unknown
}>
export type Job = Partial<{
  needs: string | string[]
  if: string
  uses: string
  permissions: unknown
  steps: Step[]
  env: Table
  environment: { name: string }
  strategy: { matrix?: Record<string, string[]> }
  'continue-on-error': unknown
  'timeout-minutes': number
}>
export type Workflow = {
  file: string
  on: Record<string, unknown> | string[] | string
  permissions?: unknown
  defaults?: { run?: { shell?: string } }
  jobs: Record<string, Job>
}
/** A program that a step called, with its words. */
export type Call = string[]
type Played = { code: number; calls: Call[]; outputs: Table; said: string }

export function readWorkflows(tree: string): Workflow[] {
  const files = globSync('.github/workflows/*.yml', { cwd: tree }).sort()
  if (files.length === 0) red('no-workflows')
  return files.map((file) => ({ ...parse(readFileSync(join(tree, file), 'utf8')), file: basename(file) }))
}

export const workflowNamed = (workflows: Workflow[], file: string): Workflow =>
  workflows.find((workflow) => workflow.file === file) ?? red('no-such-workflow', file)

export function isTriggeredBy(workflow: Workflow, event: string): boolean {
  const { on } = workflow
  return typeof on === 'string' ? on === event : Array.isArray(on) ? on.includes(event) : event in on
}

/** Whether a condition always holds for an event. What can't be told so simply does not. */
export function holdsFor(condition: string | undefined, event: string): boolean {
  const [, sign, named] = /^github\.event_name (==|!=) '(\w+)'$/.exec(condition ?? '') ?? []
  return condition === undefined || (sign !== undefined && (sign === '==') === (named === event))
}

/** Jobs as often as their matrix has values, which arrive as `matrix.NAME`. */
export function variantsOf(job: Job): Table[] {
  const [first] = Object.entries(job.strategy?.matrix ?? {})
  return first ? first[1].map((value) => ({ [`matrix.${first[0]}`]: value })) : [{}]
}

/** What `${{ … }}` stands for; what is not given is empty, as it is on GitHub. */
const fill = (text: string, values: Table) =>
  text.replace(/\$\{\{\s*(.+?)\s*\}\}/g, (_, expression: string) => values[expression] ?? '')

const standIn = `#!/bin/bash
{ printf '%s' "\${0##*/}"; printf '\\x1f%s' "$@"; printf '\\n'; } >>"$CALLS"
words="\${0##*/} $*"
[[ -n "\${FAILS-}" && "$words" == "$FAILS"* ]] && exit 1
case $words in
  'docker image inspect'*) echo name@sha256:0123 ;;
esac
exit 0
`

/** `programs` are stand-ins with a text of their own. They and the usual ones are all that a step finds beside the system's. */
export function openStage(folder: string, tree: string, programs: Table = {}, more: Table = {}) {
  const bin = join(folder, 'bin')
  const work = join(folder, 'work')
  for (const made of [bin, work, join(work, 'scripts')]) mkdirSync(made)
  const usual = Object.fromEntries(['npm', 'docker', 'go', 'psql', 'gh', 'flyctl'].map((name) => [name, standIn]))
  const node = `#!/bin/bash\nexec '${process.execPath}' "$@"\n`
  for (const [name, text] of Object.entries({ ...usual, node, ...programs })) place(join(bin, name), text)
  for (const script of globSync('scripts/*', { cwd: tree })) place(join(work, script), standIn)
  let counter = 0
  return { play }

  /** Runs a step as GitHub does, where `fails` is the beginning of a call that ends with 1. */
  async function play(workflow: Workflow, job: Job, step: Step, values: Table = {}, fails = ''): Promise<Played> {
    const [calls, output] = [join(folder, `calls-${++counter}`), join(folder, `output-${counter}`)]
    for (const file of [calls, output]) writeFileSync(file, '')
    const given = Object.entries({ ...job.env, ...step.env }).map(([name, text]) => [name, fill(String(text), values)])
    const env = {
      ...{ PATH: `${bin}:/usr/bin:/bin`, HOME: work, CALLS: calls, FAILS: fails, GITHUB_OUTPUT: output },
      ...{
        GITHUB_SHA: 'abc123',
        GITHUB_ACTOR: 'somebody',
        GITHUB_REPOSITORY: 'Owner/seaworthy',
        GITHUB_REF_NAME: 'v1.2.3',
      },
      ...more,
      ...Object.fromEntries(given),
    }
    const shell = step.shell ?? workflow.defaults?.run?.shell
    const options = shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e']
    const { code, said } = await run([...options, '-c', fill(step.run ?? '', values)], work, env)
    const lines = (file: string) => readFileSync(file, 'utf8').split('\n').filter(Boolean)
    const outputs = Object.fromEntries(lines(output).map((line) => line.split(/=(.*)/).slice(0, 2)))
    return { code, said, outputs, calls: lines(calls).map((line) => line.split('\x1f')) }
  }
}

function place(file: string, text: string): void {
  writeFileSync(file, text)
  chmodSync(file, 0o755)
}

function run(args: string[], cwd: string, env: Table): Promise<{ code: number; said: string }> {
  return new Promise((done) => {
    execFile('/bin/bash', args, { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0
      done({ code, said: `${stdout}\n${stderr}` })
    })
  })
}
