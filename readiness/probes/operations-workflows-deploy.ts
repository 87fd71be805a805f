// A deployment played through: the shell text of deploy.yml runs against a stand-in of Fly.io that remembers which machine has which
// image, and the real smoke test against the real service, behind a door that fails where the bad image answers.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
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

const [old, fresh] = ['sha256:old', 'registry.fly.io/boats:abc123']
/** `quick`: journeys are one question, once the whole one was seen to pass and to fail. */
type Scene = { bad: 'never' | 'at-once' | 'when-promoted'; quick?: boolean }
type Ran = { step: string; code: number }

/** `machine list` answers the state, `deploy` changes it as the real one would. Everything else is accepted. */
const flyctl = `#!/bin/bash
exec "$NODE" -e '
  const fs = require("node:fs"), [command, ...words] = process.argv.slice(1), machines = JSON.parse(fs.readFileSync(process.env.STATE, "utf8"))
  const option = (name) => words.includes(name) ? words[words.indexOf(name) + 1] : undefined
  if (command === "machine") console.log(JSON.stringify(machines))
  if (command === "deploy") {
    const digest = option("--image").replace("registry.fly.io/boats@", ""), only = option("--only-machines")
    for (const machine of machines) if (!only || machine.id === only) machine.image_ref.digest = digest
    fs.writeFileSync(process.env.STATE, JSON.stringify(machines))
  }
  fs.appendFileSync(process.env.SEEN, ["flyctl", command, ...words].join(" ") + "\\n")
' -- "$@"
`
const npm = `#!/bin/bash
[ "$1 $2" = 'run smoke' ] || exit 0
shift 3
echo "smoke $*" >>"$SEEN"
[ -z "$QUICK" ] || exec "$NODE" -e 'fetch(process.argv[1] + "/health/live").then(({ ok }) => process.exit(ok ? 0 : 1))' "$1"
exec "$NODE" "$TREE/tools/smoke.ts" "$@" --timeout 20
`
/** Answers what an environment without reviewers answers, or one with them. */
const gh = `#!/bin/bash
[ "$1" = api ] && echo "$RULES"
exit 0
`

export async function seeDeployment(context: Context): Promise<Evidence> {
  const workflow = workflowNamed(readWorkflows(context.tree), 'deploy.yml')
  const { staging, approval, production } = workflow.jobs
  if (!staging || !approval || !production) return red('no-such-job')
  mustFollow(workflow, 'production', ['staging', 'approval'])
  mustFollow(workflow, 'staging', ['ci'])
  if (production.environment?.name !== 'production') red('nobody-approves', 'production is no environment')
  await mustAsk(context, workflow, approval)

  const failing = await openDeployment(context, { bad: 'at-once' })
  const refused = await failing.run(workflow, staging)
  if (!refused.some(({ step, code }) => /^smoke/.test(step) && code !== 0)) red('staging-not-played')

  const sound = await openDeployment(context, { bad: 'never' })
  const played = await sound.run(workflow, staging)
  if (played.some(({ code }) => code !== 0)) red('good-release-fails', sound.said())

  const good = await openDeployment(context, { bad: 'never', quick: true })
  const passed = await good.run(workflow, production)
  const wrong = passed.find(({ code }) => code !== 0)
  if (wrong) red('good-release-fails', `${wrong.step}: ${good.said()}`)
  const [first, second] = good.deployments()
  if (!first?.includes('--only-machines m2')) red('canary-is-everybody', first)
  if (!second || good.images().some((image) => image !== fresh)) red('not-promoted', good.images().join(' '))

  const canary = await openDeployment(context, { bad: 'at-once', quick: true })
  await canary.run(workflow, production)
  if (canary.images().some((image) => image !== old)) red('bad-release-stays', canary.images().join(' '))
  if (canary.mostFresh() > 1) red('bad-canary-was-promoted')

  const late = await openDeployment(context, { bad: 'when-promoted', quick: true })
  await late.run(workflow, production)
  if (late.mostFresh() < 3) red('promotion-not-reached')
  if (late.images().some((image) => image !== old)) red('bad-release-stays', late.images().join(' '))
  return { good: good.seen(), badCanary: canary.seen(), badPromotion: late.seen() }
}

/** Directly or by others; a job that is skipped or fails on the way skips what follows, unless a condition says otherwise. */
function mustFollow({ jobs }: Workflow, name: string, before: string[]): void {
  const all = (job: string): string[] => [jobs[job]?.needs ?? []].flat().flatMap((needed) => [needed, ...all(needed)])
  for (const needed of before)
    if (!all(name).includes(needed)) red('out-of-order', `${name} does not wait for ${needed}`)
  if (jobs[name]?.if) red('out-of-order', `${name} goes on by a condition of its own`)
}

async function mustAsk(context: Context, workflow: Workflow, approval: Job): Promise<void> {
  for (const [rules, expected] of [
    ['required_reviewers branch_policy', 0],
    ['branch_policy', 1],
    ['', 1],
  ] as const) {
    const stage = openStage(context.folder(), context.tree, { gh }, { RULES: rules })
    const codes: number[] = []
    for (const step of approval.steps ?? []) codes.push((await stage.play(workflow, approval, step)).code)
    if (Math.max(0, ...codes) !== expected) red('nobody-approves', `the rules "${rules}" let it go on`)
  }
}

/** An app of three machines, of which the second is the first that runs and serves; the last is a worker. */
async function openDeployment(context: Context, { bad, quick = false }: Scene) {
  const folder = context.folder()
  const [state, seen] = [join(folder, 'state.json'), join(folder, 'seen')]
  const machine = (id: string, status: string, group: string) => ({
    ...{ id, state: status, config: { metadata: { fly_process_group: group } } },
    image_ref: { registry: 'registry.fly.io', repository: 'boats', digest: old },
  })
  const machines = [
    machine('m1', 'stopped', 'api'),
    machine('m2', 'started', 'api'),
    machine('m3', 'started', 'worker'),
  ]
  writeFileSync(state, JSON.stringify(machines))
  writeFileSync(seen, '')
  const images = () =>
    (JSON.parse(readFileSync(state, 'utf8')) as typeof machines).map(({ image_ref }) => image_ref.digest)
  const countFresh = () => images().filter((image) => image === fresh).length
  const isBad = () =>
    bad === 'at-once' ? countFresh() > 0 : bad === 'when-promoted' && countFresh() === machines.length
  const door = await openDoor(context, isBad)
  const variables = { NODE: process.execPath, TREE: context.tree, STATE: state, SEEN: seen, QUICK: quick ? '1' : '' }
  const stage = openStage(folder, context.tree, { flyctl, npm }, variables)
  const lines = () => readFileSync(seen, 'utf8').split('\n').filter(Boolean)
  const everFresh: number[] = []
  const texts: string[] = []
  return { run, images, seen: lines, said: () => texts.join('\n').slice(-1500), mostFresh, deployments }

  function mostFresh() {
    return Math.max(...everFresh)
  }

  function deployments() {
    return lines().filter((line) => line.startsWith('flyctl deploy'))
  }

  /** As GitHub goes on: after a failure only with what asks for it. */
  async function run(workflow: Workflow, job: Job): Promise<Ran[]> {
    const values: Record<string, string> = { 'vars.FLY_STAGING_APP': 'boats', 'vars.FLY_PRODUCTION_APP': 'boats' }
    Object.assign(values, { 'vars.STAGING_URL': door.url, 'vars.PRODUCTION_URL': door.url })
    values['needs.image.outputs.image'] = 'ghcr.io/owner/seaworthy@sha256:0123'
    const ran: Ran[] = []
    for (const step of (job.steps ?? []).filter((one) => one.run)) {
      if (
        !goesOn(
          step,
          ran.some(({ code }) => code !== 0),
        )
      )
        continue
      const played = await stage.play(workflow, job, step, values)
      texts.push(played.said)
      ran.push({ step: step.name ?? step.run ?? '', code: played.code })
      for (const [name, value] of Object.entries(played.outputs)) values[`steps.${step.id}.outputs.${name}`] = value
      everFresh.push(countFresh())
    }
    await door.close()
    return ran
  }
}

function goesOn(step: Step, failed: boolean): boolean {
  if (step['continue-on-error']) red('failure-forgiven', step.name)
  if (step.if === undefined) return !failed
  return failed && /(^|\|\| )failure\(\)/.test(step.if)
}

/** The service, as long as nothing bad answers in its place. */
async function openDoor({ api }: Context, isBad: () => boolean) {
  const server = createServer((asked, answer) => {
    if (isBad()) return void answer.writeHead(500).end()
    const sent = request(
      new URL(asked.url ?? '/', api.url),
      { method: asked.method, headers: asked.headers },
      (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers)
        got.pipe(answer)
      },
    )
    sent.once('error', () => answer.destroy())
    asked.pipe(sent)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const close = async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
