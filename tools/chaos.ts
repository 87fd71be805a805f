// `npm run chaos [-- --seed N --only WORD --write]`: a fixed schedule of faults under mixed load, through the real edge with two APIs and
// two workers. For each fault it says which requests failed, how many answers contradict what was committed before, and when all was well
// again; in the end, whether an event or money was lost or doubled. Whatever is wrong ends it with exit 1. --write makes docs/chaos.md.
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Fault, faults as schedule } from './chaos/faults.ts'
import { findLosses } from './chaos/findings.ts'
import { createHistory } from './chaos/history.ts'
import { startLoad } from './chaos/load.ts'
import { startMoney } from './chaos/money.ts'
import { markdownOf, type Row, reasonsOf, rowOf, type Turn, textOf } from './chaos/report.ts'
import { openWorld, type World } from './chaos/world.ts'
import { withClient } from './create-database.ts'
import { openClient } from './rolling/client.ts'

/** Milliseconds without a bad answer after which all is well again, and after which nobody waits for that any more. */
const [calm, longest] = [3000, 60_000]

type Options = { seed: number; faults: readonly Fault[]; say: (line: string) => void }
export type Chaos = { rows: Row[]; reasons: string[]; faults: string[]; counts: Record<string, number> }

export async function playChaos({ seed, faults, say }: Options): Promise<Chaos> {
  const world = await openWorld(say)
  const client = openClient(world.edge)
  try {
    const history = createHistory()
    const versionOf = (id: string) =>
      withClient(world.ownerUrl, async (owner) => {
        const { rows } = await owner.query<{ version: number }>('SELECT version FROM jobs WHERE id = $1', [id])
        return Number(rows[0]?.version)
      })
    const load = await startLoad({ client, url: world.stack.url, seed, history, versionOf })
    const money = await startMoney({ world, seed })
    const turns: Turn[] = []
    for (const fault of faults) {
      await untilCalm(load.outcomes)
      turns.push(await turnOf(fault, world, load.outcomes))
      say(`${turns.length} of ${faults.length}: ${fault.name}`)
    }
    await untilCalm(load.outcomes)
    await load.stop()
    const moved = await money.stop()
    const wrong = history.wrong()
    const losses = await findLosses({ world, load, moved })
    const wrongAt = wrong.map(({ read }) => read.begun)
    return {
      rows: turns.map((turn) => rowOf(turn, load.outcomes, wrongAt)),
      reasons: reasonsOf(load.outcomes),
      counts: {
        ...history.counts(),
        requests: load.outcomes.length,
        contracts: load.journeys.ended,
        payments: moved.done.length,
      },
      faults: [
        ...losses,
        ...wrong.map(
          ({ read, least, most }) =>
            `a wrong answer: version ${read.version} of ${read.of}, ${Math.round(read.bound)} ms allowed, where it was ${least} to ${most}`,
        ),
      ],
    }
  } finally {
    client.close()
    await world.close()
  }
}

type Outcomes = readonly { end: string; ended: number }[]

async function turnOf(fault: Fault, world: World, outcomes: Outcomes): Promise<Turn> {
  const begun = performance.now()
  const notRun = fault.unless?.(world)
  if (notRun) return { name: fault.name, begun, over: begun, until: begun, notRun }
  await fault.happen(world)
  const over = performance.now()
  await untilCalm(outcomes)
  return { name: fault.name, begun, over, until: performance.now() }
}

/** Until some requests have been answered and for three seconds all of them were well. */
async function untilCalm(outcomes: Outcomes): Promise<void> {
  const start = performance.now()
  for (;;) {
    await delay(100)
    const now = performance.now()
    const last = outcomes.findLast(({ end }) => end !== 'good')?.ended ?? Number.NEGATIVE_INFINITY
    if (now - Math.max(start, last) > calm || now - start > longest) return
  }
}

const documentOf = ({ rows, counts }: Chaos, seed: number) => `# Chaos

Made by \`npm run chaos -- --write\` on ${new Date().toISOString().slice(0, 10)}, of commit ${commit()}, with seed ${seed}. ${counts.requests} requests through
nginx to two APIs, ${counts.contracts} contracts, ${counts.payments} steps of money, ${counts.writes} versions written and ${counts.reads} read.

Failed is no answer, or one that does not say when to come again; refused is a 503 or 429 that does. Wrong is an answer of 200 that contradicts
what was answered before it began, or that is older than it may be: a second for what is cached, and what \`Age\` says of an answer that is
marked as stale. How long a fault lasted and what failed meanwhile depends on the machine; that nothing is wrong, lost or doubled does not.

${markdownOf(rows)}

After the last fault every event had been told once, each contract had one notification for each party and one mail, and the books of the
ledger and of the payment provider added up.
`

const commit = () => execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim()

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      write: { type: 'boolean' },
    },
  })
  const faults = schedule.filter(({ name }) => name.includes(values.only))
  if (faults.length === 0) throw new Error(`No fault has ${values.only} in its name`)
  const seed = Number(values.seed)
  const played = await playChaos({ seed, faults, say: console.log })
  console.log(textOf(played.rows))
  for (const reason of played.reasons.slice(0, 20)) console.log(reason)
  console.log(JSON.stringify(played.counts))
  for (const fault of played.faults) console.error(`FAIL  ${fault}`)
  if (played.faults.length === 0) console.log('Nothing was wrong, lost or doubled.')
  if (values.write) await writeFile(resolve(import.meta.dirname, '../docs/chaos.md'), documentOf(played, seed))
  process.exitCode = played.faults.length > 0 ? 1 : 0
}
