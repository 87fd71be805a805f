// Continuous integration as GitHub would run it: its own tools read it, and its steps are played through.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { startProcess } from '../../tools/process.ts'
import { lintWorkflows } from '../../tools/workflows.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import {
  type Job,
  openStage,
  readWorkflows,
  type Step,
  type Workflow,
  workflowNamed,
} from './operations-workflows-model.ts'
import { callsOf, mustDo, stages } from './operations-workflows-stages.ts'

export async function seeIntegration(context: Context): Promise<Evidence> {
  const { tree } = context
  const workflows = readWorkflows(tree)
  const theatre = openStage(context.folder(), tree)
  await mustDo(theatre, workflows, 'pull_request', stages)
  const calls = await everyCall(theatre, workflows)
  const scripts = scriptsMustExist(tree, calls)
  const pinned = actionsMustBePinned(workflows)
  permissionsMustBeLeast(workflows, calls)
  partsMustBeListed(workflowNamed(workflows, 'image.yml'))
  for (const { job, at } of jobsOf(workflows)) if (!job.uses && !job['timeout-minutes']) red('no-time-limit', at)
  const floor = await floorOf(context)
  const migrations = await migrateForReal(context, workflowNamed(workflows, 'ci.yml'))
  const found = await lintWorkflows(tree)
  if (found.length > 0)
    red('linters-object', found.map(({ place, rule, says }) => `${place} ${rule}: ${says}`).join('\n'))
  return {
    workflows: workflows.length,
    stages: stages.length,
    scripts,
    pinned,
    floor,
    migrations,
    findings: found.length,
  }
}

type At = { workflow: Workflow; job: Job; at: string }
const jobsOf = (workflows: Workflow[]): At[] =>
  workflows.flatMap((workflow) =>
    Object.entries(workflow.jobs).map(([name, job]) => ({ workflow, job, at: `${workflow.file} ${name}` })),
  )

/** What each job calls, by its place. */
async function everyCall(theatre: ReturnType<typeof openStage>, workflows: Workflow[]): Promise<Map<string, string[]>> {
  const lists = jobsOf(workflows).map(async ({ workflow, job, at }) => {
    const calls = await Promise.all((job.steps ?? []).map((step: Step) => callsOf(theatre, { workflow, job, step })))
    return [at, calls.flat().map((words) => words.join(' '))] as const
  })
  return new Map(await Promise.all(lists))
}

function scriptsMustExist(tree: string, calls: Map<string, string[]>): number {
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const asked = [...calls.values()].flat().flatMap((call) => /^npm (?:run (\S+)|(test))/.exec(call)?.slice(1) ?? [])
  const names = new Set(asked.filter(Boolean))
  for (const name of names) if (!scripts[name]) red('no-such-script', name)
  return names.size
}

function actionsMustBePinned(workflows: Workflow[]): number {
  const all = jobsOf(workflows).flatMap(({ job }) => [job.uses, ...(job.steps ?? []).map(({ uses }) => uses)])
  const outside = all.filter((uses) => uses !== undefined).filter((uses) => !uses.startsWith('./'))
  for (const uses of outside) if (!/@[0-9a-f]{40}$/.test(uses)) red('not-pinned', uses)
  if (outside.length === 0) red('not-pinned', 'no action was looked at')
  return outside.length
}

/** What may be written to, and what a job has to do for it. */
const reasons: Record<string, (job: Job, calls: string[]) => boolean> = {
  'security-events': (job) => uses(job, 'github/codeql-action/'),
  'id-token': (job) => uses(job, 'actions/attest'),
  attestations: (job) => uses(job, 'actions/attest'),
  packages: (_, calls) => calls.some((call) => call.startsWith('docker push ghcr.io/')),
  contents: (_, calls) => calls.some((call) => call.startsWith('gh release create')),
}
const uses = (job: Job, action: string) => (job.steps ?? []).some((step) => step.uses?.startsWith(action))

/** Nothing by default, and each job writes only to what its own steps need; a called workflow has no more than its caller gives. */
function permissionsMustBeLeast(workflows: Workflow[], calls: Map<string, string[]>): void {
  const justified = (workflow: Workflow, job: Job, at: string, right: string): boolean => {
    if (!job.uses) return reasons[right]?.(job, calls.get(at) ?? []) === true
    const called = workflowNamed(workflows, job.uses.split('/').at(-1) ?? '')
    return jobsOf([called]).some(
      (inner) => inner.workflow !== workflow && justified(called, inner.job, inner.at, right),
    )
  }
  for (const { workflow, job, at } of jobsOf(workflows)) {
    if (JSON.stringify(workflow.permissions) !== '{}') red('permissions-by-default', workflow.file)
    const given = job.permissions
    if (given === null || typeof given !== 'object') red('permission-not-needed', `${at} has ${given ?? 'no list'}`)
    for (const [right, level] of Object.entries(given as object))
      if (level === 'write' && !justified(workflow, job, at, right)) red('permission-not-needed', `${at} ${right}`)
  }
}

/** The list of an image's parts is made in the standard's form, kept, and signed, and so is the image. */
function partsMustBeListed(image: Workflow): void {
  const steps = Object.values(image.jobs).flatMap((job) => job.steps ?? [])
  const given = (action: string, name: string) =>
    steps.filter((step) => step.uses?.startsWith(action) && !step.if).map((step) => step.with?.[name])
  if (!given('aquasecurity/trivy-action@', 'format').includes('cyclonedx')) red('parts-not-listed')
  if (!given('actions/upload-artifact@', 'path').includes('sbom.cdx.json')) red('parts-not-listed', 'not kept')
  const signed = [...given('actions/attest', 'subject-digest'), ...given('actions/attest', 'subject-path')]
  if (signed.filter(Boolean).length < 2) red('not-signed', signed.join(' '))
}

/** The floor as the configuration answers it when it is run, and the script asks for coverage. */
async function floorOf({ tree, finish }: Context): Promise<number> {
  const print = 'import c from "./vitest.config.ts"; console.log("floor " + c.test?.coverage?.thresholds?.lines)'
  const { said } = await finish(['--input-type=module', '-e', print])
  const floor = Number(/^floor (\d+)/m.exec(said)?.[1] ?? 0)
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { scripts: { test: string } }
  if (floor < 80 || !scripts.test.split(' ').includes('--coverage'))
    red('no-coverage-floor', `${floor}, ${scripts.test}`)
  return floor
}

/** The shell text of the step, as it stands, against a database of its own. */
async function migrateForReal({ tree, sql }: Context, workflow: Workflow): Promise<string> {
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? [])
  const text = steps.find((step) => step.run?.includes('npm run migrate'))?.run ?? red('stage-missing', 'migrations')
  const { ownerUrl } = await sql.emptyDatabase()
  const env = { DATABASE_OWNER_URL: ownerUrl, PATH: `${join(process.execPath, '..')}:/usr/local/bin:/usr/bin:/bin` }
  const running = startProcess(['-eo', 'pipefail', '-c', text], { program: '/bin/bash', cwd: tree, env })
  const { code } = await running.ended
  if (code !== 0) red('migrations-fail', running.said().slice(-800))
  const turns = running.said().match(/^(up|down) \d+/gm) ?? []
  const order = turns.map((turn) => turn.split(' ')[0]).join(' ')
  const [, up = '', down = '', again = ''] = /^((?:up ?)+)((?:down ?)+)((?:up ?)+)$/.exec(order) ?? []
  const counts = [up, down, again].map((part) => part.trim().split(' ').filter(Boolean).length)
  if (!counts[0] || new Set(counts).size !== 1) red('not-up-down-up', counts.join(' '))
  return `${counts[0]} up, ${counts[1]} down, ${counts[2]} up`
}
