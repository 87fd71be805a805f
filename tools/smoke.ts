// `npm run smoke -- URL`: walks the main journey on a deployed service with two throw-away users, and takes away what it made, also
// when a step fails. Exit 0: all passed. 1: a step failed. 2: the command line is wrong. 3: the service can't be reached.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { createCall, NoAnswer, WrongAnswer } from './smoke/calls.ts'
import { cleanUpOf } from './smoke/clean-up.ts'
import { createScene, type Scene, type Step, steps } from './smoke/steps.ts'
import { trustFor } from './smoke/trust.ts'

const usage = `npm run smoke -- URL [options]

  --ca FILE            trust this authority too; on this machine SECRETS_DIR/tls/ca.crt is trusted by itself
  --domain NAME        where the addresses of the two users are (default smoke.invalid, which reaches nobody)
  --timeout SECONDS    for each call (default 10)
  --patience SECONDS   that workers have to do their part (default 20)
  --machine ID         on Fly.io only this machine answers, such as the first one of a new release
  --limit SECONDS      for the journey; taking it away again has as much (default 240)`

const { url, domain, machine, timeout, patience, limit } = readOptions()
const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort())
const started = performance.now()
const failures: string[] = []
const asked = { client: false, worker: false }

console.log(`The main journey at ${url}`)
const journey = AbortSignal.any([interrupt.signal, AbortSignal.timeout(limit)])
const scene = sceneWith(journey)
let isReached = false
for (const step of steps) {
  if (step.name === 'a client joins') asked.client = true
  if (step.name === 'a worker joins') asked.worker = true
  if (!(await walk(step, scene))) break
}
if (failures.length === 0 || isReached)
  for (const step of cleanUpOf(scene, asked)) {
    const { call, signal } = sceneWith(AbortSignal.timeout(limit))
    await walk(step, { ...scene, call, signal })
  }

const seconds = ((performance.now() - started) / 1000).toFixed(1)
if (failures.length === 0) console.log(`The main journey passed, and nothing is left of it, after ${seconds} s.`)
else console.error(`The main journey failed after ${seconds} s: ${failures.join('; ')}`)
process.exitCode = failures.length === 0 ? 0 : isReached ? 1 : 3

function sceneWith(signal: AbortSignal): Scene {
  const call = createCall({ url, timeout, machine, signal, say: (line) => console.log(`  ..    ${line}`) })
  return createScene({ call, domain, patience, signal })
}

/** Answers whether the journey can go on. */
async function walk({ name, run, skip }: Step, on: Scene): Promise<boolean> {
  const begun = performance.now()
  const say = (verdict: string, seen: string) => {
    const took = `${((performance.now() - begun) / 1000).toFixed(2)} s`
    return `  ${verdict.padEnd(4)}  ${name.padEnd(38)} ${took.padStart(7)}  ${seen}`
  }
  try {
    const seen = run ? await run(on) : skip
    isReached = true
    console.log(say(run ? 'ok' : 'skip', seen ?? ''))
    return true
  } catch (error) {
    if (!(error instanceof NoAnswer)) isReached = true
    // A fault of this program is no verdict on the service, but it must not pass either.
    const message = error instanceof NoAnswer || error instanceof WrongAnswer ? error.message : String(error)
    failures.push(name)
    console.error(say('FAIL', message))
    return false
  }
}

function readOptions() {
  try {
    const text = { type: 'string' } as const
    const options = { ca: text, domain: text, machine: text, timeout: text, patience: text, limit: text }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const [given, ...more] = positionals
    if (!given || more.length > 0) throw new Error('Exactly one URL is needed')
    const parsed = new URL(given)
    if (!/^https?:$/.test(parsed.protocol)) throw new Error('The URL has to be one of http or https')
    if (parsed.username || parsed.password || parsed.search || parsed.hash)
      throw new Error('The URL has to be an address alone, without a name, a query or a fragment')
    const named = values.domain ?? 'smoke.invalid'
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(named)) throw new Error(`--domain ${named} is no domain`)
    const trusted = trustFor(parsed, values.ca)
    if (trusted) console.log(`${trusted} is trusted too`)
    return {
      url: parsed.href.replace(/\/$/, ''),
      domain: named,
      machine: values.machine,
      timeout: millisecondsOf('timeout', values.timeout, 10),
      patience: millisecondsOf('patience', values.patience, 20),
      limit: millisecondsOf('limit', values.limit, 240),
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}

function millisecondsOf(name: string, given: string | undefined, standard: number): number {
  const value = given === undefined ? standard : Number(given)
  if (!(value > 0 && value <= 3600)) throw new Error(`--${name} ${given} is no number of seconds up to an hour`)
  return value * 1000
}
