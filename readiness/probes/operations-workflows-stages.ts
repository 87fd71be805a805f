// The stages of continuous integration, as steps that somebody can't pass by: unconditional, and red when what they call is.
import { red } from '../control.ts'
import {
  type Call,
  holdsFor,
  isTriggeredBy,
  type Job,
  type openStage,
  type Step,
  variantsOf,
  type Workflow,
} from './operations-workflows-model.ts'

/** `call`: the beginning of what it calls. `uses` with `inputs`: an action that is told so. */
type Stage = { name: string; call?: string; uses?: string; inputs?: Record<string, string> }
type Place = { workflow: Workflow; job: Job; step: Step }
type Theatre = ReturnType<typeof openStage>

export const stages: Stage[] = [
  { name: 'format, lint, types, architecture', call: 'npm run check' },
  { name: 'tests', call: 'npm test' },
  { name: 'migrations up', call: 'npm run migrate' },
  { name: 'migrations down', call: 'npm run migrate -- down' },
  { name: 'image', call: 'docker build' },
  { name: 'production stack', call: 'docker compose -f docker-compose.production.yml up' },
  { name: 'journey', call: 'npm run smoke -- https://localhost' },
  { name: 'readiness', call: 'npm run readiness' },
  { name: 'workflows', call: 'npm run workflows' },
  { name: 'secrets in the history', call: 'go run github.com/zricethezav/gitleaks/v8@v' },
  { name: 'known holes', call: 'npm audit --audit-level' },
  { name: 'CodeQL begins', uses: 'github/codeql-action/init' },
  { name: 'CodeQL ends', uses: 'github/codeql-action/analyze' },
  { name: 'dependency review', uses: 'actions/dependency-review-action' },
  { name: 'scan of the tree', uses: 'aquasecurity/trivy-action', inputs: { 'scan-type': 'fs', 'exit-code': '1' } },
  {
    name: 'scan of the image',
    uses: 'aquasecurity/trivy-action',
    inputs: { 'image-ref': 'seaworthy', 'exit-code': '1' },
  },
]

/** Red when a stage is done by no step, by one that may be left out, or by one that stays green when what it calls fails. */
export async function mustDo(theatre: Theatre, workflows: Workflow[], event: string, wanted: Stage[]): Promise<void> {
  const triggered = workflows.filter((workflow) => isTriggeredBy(workflow, event))
  const places = triggered.flatMap((workflow) =>
    Object.values(workflow.jobs).flatMap((job) => (job.steps ?? []).map((step) => ({ workflow, job, step }))),
  )
  const played = await Promise.all(places.map(async (place) => ({ place, calls: await callsOf(theatre, place) })))
  for (const stage of wanted) {
    const doing = played.filter(({ place, calls }) => does(stage, place.step, calls)).map(({ place }) => place)
    if (doing.length === 0) red('stage-missing', `${stage.name} on ${event}`)
    const certain = doing.filter(({ job, step }) => isCertain(job, event) && isCertain(step, event))
    if (certain.length === 0) red('stage-can-be-left-out', stage.name)
    const call = stage.call
    if (!call) continue
    const codes = await Promise.all(
      certain.map(({ workflow, job, step }) => theatre.play(workflow, job, step, {}, call).then(({ code }) => code)),
    )
    if (!codes.some((code) => code !== 0)) red('stage-stays-green', stage.name)
  }
}

const known = new WeakMap<Step, Promise<Call[]>>()

/** Every call of a step, with the matrix of its job, where all programs answer 0. A step is played once. */
export function callsOf(theatre: Theatre, place: Place): Promise<Call[]> {
  const calls = known.get(place.step) ?? playAll(theatre, place)
  known.set(place.step, calls)
  return calls
}

async function playAll(theatre: Theatre, { workflow, job, step }: Place): Promise<Call[]> {
  if (!step.run) return []
  const play = (matrix: Record<string, string>) => theatre.play(workflow, job, step, matrix)
  return (await Promise.all(variantsOf(job).map(play))).flatMap(({ calls }) => calls)
}

const isCertain = (part: Job | Step, event: string) => holdsFor(part.if, event) && !part['continue-on-error']

function does({ call, uses, inputs = {} }: Stage, step: Step, calls: Call[]): boolean {
  if (call) return calls.some((words) => words.join(' ').startsWith(call))
  const given = step.with ?? {}
  return (
    step.uses?.startsWith(`${uses}@`) === true && Object.entries(inputs).every(([name, value]) => given[name] === value)
  )
}
