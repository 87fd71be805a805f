// `npm run test:rolling`: replicas behind the real edge are restarted and killed under load, and nothing may be lost or done twice. The
// client sends by the clock and never again: a refusal, a reset or no answer is a loss. Any loss ends it with exit 1.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { withClient } from './create-database.ts'
import { manyRequests, openNginx } from './nginx.ts'
import { withOwnDatabase } from './own-database.ts'
import { openClient } from './rolling/client.ts'
import { type Findings, findFaults, isLost } from './rolling/findings.ts'
import { type Load, type Outcome, startLoad } from './rolling/load.ts'
import { type Options, readOptions, UsageError, usage } from './rolling/options.ts'
import { setScene } from './rolling/requests.ts'
import { tableOf } from './rolling/table.ts'
import { openStack, type Stack, usualSettings } from './stack.ts'

type Say = (line: string) => void
type Urls = { ownerUrl: string; appUrl: string }
type Run = Pick<Options, 'rate' | 'seconds'> & { say: Say }
export type Rolled = { outcomes: Outcome[]; seconds: number; findings: Findings; restarts: string[] }

/** Seconds between two lines of progress. */
const pace = 5

/** Starts two replicas and a worker on a migrated database behind the edge, and restarts them under load. */
export async function playRolling({ ownerUrl, appUrl, ...run }: Urls & Run): Promise<Rolled> {
  // With the admission limits of a deployment: what is refused while a replica starts is lost, too.
  const stack = await openStack({ appUrl, env: { ...usualSettings(), TRUST_PROXY: '127.0.0.1/32' }, apis: 2 })
  const edge = await openNginx({ upstreams: stack.replicas.map(({ host }) => host), edits: manyRequests })
  try {
    const rolled = await loaded(edge, run, (load) => restartAll(stack, load, run))
    const findings = await withClient(ownerUrl, (owner) =>
      findFaults((text, values) => owner.query(text, values), rolled.run, rolled.outcomes),
    )
    return { ...rolled, findings }
  } finally {
    await edge.close()
    await stack.close()
  }
}

async function loaded<T>(
  at: { url: string; ca?: string | undefined },
  run: Run,
  meanwhile: (load: Load) => Promise<T>,
) {
  const client = openClient(at)
  try {
    const scene = await setScene(client)
    const load = startLoad({ client, rate: run.rate, requestOf: scene.requestOf })
    const progress = setInterval(() => run.say(told(load)), pace * 1000)
    try {
      const [restarts] = await Promise.all([meanwhile(load), delay(run.seconds * 1000)])
      return { run: scene.run, restarts, ...(await load.stop()) }
    } finally {
      clearInterval(progress)
      await load.stop()
    }
  } finally {
    client.close()
  }
}

const told = ({ sent, outcomes, underWay }: Load) =>
  `${sent()} sent, ${underWay()} under way, ${outcomes.filter(isLost).length} lost`

/** Each replica is told to stop twice, and then one is killed: one at a time, the next when the other is ready again. */
async function restartAll({ replicas }: Stack, load: Load, { seconds, say }: Run): Promise<string[]> {
  const start = performance.now()
  const turns: [at: number, signal: NodeJS.Signals][] = [
    ...[0, 1, 0, 1].map((at): [number, NodeJS.Signals] => [at, 'SIGTERM']),
    [0, 'SIGKILL'],
  ]
  const restarts: string[] = []
  for (const [turn, [at, signal]] of turns.entries()) {
    const due = start + (seconds * 1000 * (turn + 0.5)) / (turns.length + 0.5)
    await delay(Math.max(0, due - performance.now()))
    const begun = performance.now()
    const end = await replicas[at]?.restart(signal)
    const took = ((performance.now() - begun) / 1000).toFixed(1)
    restarts.push(`replica ${at + 1}: ${signal}, ended with ${end}, the next one ready after ${took} s`)
    say(`${restarts.at(-1)} (${told(load)})`)
    if (signal === 'SIGTERM' && end !== 0)
      throw new Error(`It should end with 0:\n${replicas[at]?.said().slice(-2000)}`)
  }
  return restarts
}

/** Prints the outcome. Answers whether all is well. */
function report({ outcomes, seconds, findings, restarts }: Rolled, rate: number): boolean {
  for (const line of [...restarts, ...tableOf(outcomes, seconds)]) console.log(line)
  const lost = outcomes.filter(isLost).length
  const faults = lost > 0 ? [`${lost} requests were lost`, ...findings.faults] : findings.faults
  if (outcomes.length < seconds * rate * 0.98) faults.push(`fewer requests than ${rate} a second were sent`)
  if (findings.rows > 0) console.log(`${findings.rows} rows, ${findings.keys} keys in the database`)
  for (const fault of faults) console.error(`FAIL  ${fault}`)
  if (faults.length === 0) console.log(`${outcomes.length} requests: 0 lost, 0 doubled.`)
  return faults.length === 0
}

/** Someone else restarts it: here only answers count, for its database is out of sight. */
async function rollThere(url: string, ca: string | undefined, run: Run): Promise<Rolled> {
  run.say(`Load goes to ${url} for ${run.seconds} s: restart its replicas meanwhile. Its rows are not counted.`)
  const rolled = await loaded({ url, ca: ca && readFileSync(ca, 'utf8') }, run, async () => [])
  return { ...rolled, findings: { rows: 0, keys: 0, faults: [] } }
}

if (import.meta.main) {
  try {
    const { target, ca, ...run } = readOptions(process.argv.slice(2))
    const say = (line: string) => console.log(line)
    const rolled = await (target
      ? rollThere(target, ca, { ...run, say })
      : withOwnDatabase('rolling', (urls) => playRolling({ ...urls, ...run, say })))
    process.exitCode = report(rolled, run.rate) ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n${usage}`)
    process.exitCode = 2
  }
}
