// `npm run test:overload [-- --seconds N --round-trip MS]`: three times the load that two replicas behind the edge can take. What they
// still answer in time must be at least 0.8 of their best, and take at most three times as long as on a quiet day; the rest must be told
// to come again. Their capacity is one of waiting: each statement takes a fixed time on its way to PostgreSQL, so that the ratios are
// those of the service and not of the machine that asks and answers.
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openLink } from './link.ts'
import { manyRequests, openNginx } from './nginx.ts'
import { withOwnDatabase } from './own-database.ts'
import { type Client, openClient } from './rolling/client.ts'
import { type Outcome, startLoad } from './rolling/load.ts'
import { setScene } from './rolling/requests.ts'
import { openStack, usualSettings } from './stack.ts'
import { textTable } from './text-table.ts'

/** Milliseconds within which an answer is worth something to whoever asked. */
const patience = 1000
const [leastShare, mostTimes] = [0.8, 3]
/** Callers at once, each with its next call as soon as the last one is answered: the best of these is the capacity. */
const crowds = [8, 16, 32, 64]
/** Milliseconds at the beginning of a part that are not counted: the queue fills. */
const settling = 2000

type Options = { seconds: number; roundTrip: number; say: (line: string) => void }
type Part = { name: string; rate: number; good: number; refused: number; lost: number; p50: number; p99: number }

export async function playOverload({ seconds, roundTrip, say }: Options): Promise<{ parts: Part[]; faults: string[] }> {
  return withOwnDatabase('overload', async ({ appUrl, port }) => {
    const link = await openLink(port)
    const stack = await openStack({
      appUrl: appUrl.replace(`:${port}/`, `:${link.port}/`),
      env: { ...usualSettings(), TRUST_PROXY: '127.0.0.1/32' },
      apis: 2,
    })
    const edge = await openNginx({ upstreams: stack.replicas.map(({ host }) => host), edits: manyRequests })
    const client = openClient(edge)
    try {
      const { requestOf } = await setScene(client)
      // What people read of their own asks PostgreSQL each time.
      const read = (number: number) => requestOf(number * 10 + 1)
      link.delay(roundTrip)
      const parts: Part[] = []
      const add = (part: Part) => {
        parts.push(part)
        say(`${part.name}: ${part.good.toFixed(0)} a second`)
        return part
      }
      const best = { good: 0 }
      for (const crowd of crowds) {
        const { good } = add(await closed(client, crowd, seconds, read))
        best.good = Math.max(best.good, good)
      }
      const quiet = add(await open(client, 'half of that', best.good / 2, seconds, read))
      const much = add(await open(client, 'three times that', best.good * 3, seconds, read))
      return { parts, faults: faultsOf(best.good, quiet, much) }
    } finally {
      client.close()
      await edge.close()
      await stack.close()
      await link.close()
    }
  })
}

function faultsOf(best: number, quiet: Part, much: Part): string[] {
  const [share, times] = [much.good / best, much.p99 / quiet.p99]
  return [
    ...(share < leastShare ? [`only ${share.toFixed(2)} of the best is answered under three times the load`] : []),
    ...(times > mostTimes ? [`what is let in takes ${times.toFixed(1)} times as long at the 99th percentile`] : []),
    ...(much.lost > 0 ? [`${much.lost} requests got no answer, or one that does not say when to come again`] : []),
    ...(much.refused === 0 ? ['nothing was refused: that was no overload'] : []),
  ]
}

type RequestOf = Parameters<typeof startLoad>[0]['requestOf']

async function closed(client: Client, crowd: number, seconds: number, requestOf: RequestOf): Promise<Part> {
  const outcomes: Timed[] = []
  const start = performance.now()
  let sent = 0
  const lane = async () => {
    while (performance.now() - start < seconds * 1000) {
      const begun = performance.now()
      const { name: _, ...wanted } = requestOf(sent++)
      const answer = await client.ask(wanted)
      outcomes.push({ ...answer, took: performance.now() - begun, at: begun - start })
    }
  }
  await Promise.all(Array.from({ length: crowd }, lane))
  return partOf(`${crowd} callers at once`, outcomes, seconds)
}

async function open(client: Client, name: string, rate: number, seconds: number, requestOf: RequestOf): Promise<Part> {
  const load = startLoad({ client, rate, requestOf })
  await delay(seconds * 1000)
  const { outcomes } = await load.stop()
  return partOf(
    name,
    outcomes.map((one) => ({ ...one, at: (one.number * 1000) / rate })),
    seconds,
  )
}

/** `at` is when it was due, in milliseconds from the beginning. */
type Timed = Pick<Outcome, 'status' | 'fields' | 'took'> & { at: number }

function partOf(name: string, all: readonly Timed[], seconds: number): Part {
  const counted = all.filter(({ at }) => at >= settling)
  const good = counted.filter(({ status, took }) => status === 200 && took <= patience)
  const refused = counted.filter(({ status, fields }) => status === 503 && fields['retry-after'] !== undefined)
  const took = counted
    .filter(({ status }) => status === 200)
    .map((one) => one.took)
    .sort((a, b) => a - b)
  const quantile = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN
  const span = seconds - settling / 1000
  return {
    ...{ name, rate: counted.length / span, good: good.length / span, refused: refused.length },
    ...{ lost: counted.length - took.length - refused.length, p50: quantile(0.5), p99: quantile(0.99) },
  }
}

const heads = ['load', 'sent/s', 'answered in time/s', 'refused', 'lost', 'p50 ms', 'p99 ms']
const rowOf = ({ name, rate, good, refused, lost, p50, p99 }: Part) => [
  name,
  ...[rate, good, refused, lost, p50, p99].map((value) => value.toFixed(0)),
]

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '15' }, 'round-trip': { type: 'string', default: '150' } },
  })
  const [seconds, roundTrip] = [Number(values.seconds), Number(values['round-trip'])]
  if (!(seconds >= 5 && roundTrip >= 0)) throw new Error('--seconds is 5 or more, --round-trip milliseconds')
  const { parts, faults } = await playOverload({ seconds, roundTrip, say: console.log })
  console.log(textTable([heads, ...parts.map(rowOf)]))
  for (const fault of faults) console.error(`FAIL  ${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
