// `npm run chaos:money [-- --operations N --seed N]`: money is moved at random, 16 calls at a time, while API and worker are killed,
// connections to the database cut, and the payment provider fails, hangs and loses answers. Afterwards it waits until nothing is under
// way, and holds the books against each other; whatever does not add up ends it with exit 1. The same seed plays the same steps.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { findFaults, untilQuiet } from './chaos-money/findings.ts'
import { setScene } from './chaos-money/people.ts'
import { playSteps } from './chaos-money/play.ts'
import { makeTrouble } from './chaos-money/trouble.ts'
import { withOwnDatabase } from './own-database.ts'
import { randomOf } from './random.ts'
import { openStack, usualSettings } from './stack.ts'

/** Milliseconds that everything may take to come to rest. */
const longestRest = 120_000

type Options = {
  ownerUrl: string
  appUrl: string
  /** A superuser's, who may cut connections. */
  adminUrl: string
  operations: number
  seed: number
  say: (line: string) => void
}
export type MoneyOutcome = {
  answers: Record<string, number>
  troubles: Record<string, number>
  contracts: number
  faults: string[]
}

const quick = {
  ...{
    QUEUE_BACKOFF_MS: '200',
    QUEUE_LOCK_MS: '2000',
    OUTBOX_SWEEP_MS: '500',
    OUTBOX_RETRY_MS: '4000',
    QUEUE_ATTEMPTS: '20',
  },
  ...{ DRAIN_MS: '0', BREAKER_OPEN_MS: '500' },
  ...{ PAYMENTS_TIMEOUT_MS: '1000', PAYMENTS_QUICK_MS: '500', PAYMENTS_LEASE_MS: '3000' },
  ...{ RELEASE_AFTER_SECONDS: '1', SCHEDULES: 'contract-release=* * * * * *' },
}

/** Plays on a migrated database. */
export async function playMoneyChaos({ operations, seed, say, ...urls }: Options): Promise<MoneyOutcome> {
  const stack = await openStack({ appUrl: urls.appUrl, env: { ...usualSettings(), ...quick } })
  try {
    const count = Math.max(8, Math.ceil(operations / 20))
    const random = randomOf(seed)
    const scene = await setScene({
      url: stack.url,
      ownerUrl: urls.ownerUrl,
      count,
      price: () => 2 + Math.floor(random() * 50_000),
    })
    say(`${scene.contracts.length} contracts are agreed on`)
    const trouble = makeTrouble({ stack, adminUrl: urls.adminUrl, seed, operations })
    const { answers, done, faults } = await playSteps({
      ...{ url: stack.url, scene, operations, seed, say, lanes: 16 },
      step: trouble.step,
    })
    const troubles = await trouble.end()
    const restless = await untilQuiet(urls.ownerUrl, longestRest)
    faults.push(
      ...restless.map((what) => `${what}, long after the end`),
      ...(await findFaults({ ...urls, stack, done })),
    )
    return { answers, troubles, contracts: scene.contracts.length, faults }
  } finally {
    await stack.close()
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { operations: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
  })
  const [operations, seed] = [Number(values.operations), Number(values.seed)]
  const { answers, troubles, contracts, faults } = await withOwnDatabase('chaos-money', (urls) =>
    playMoneyChaos({ ...urls, operations, seed, say: console.log }),
  )
  console.log(`${operations} steps over ${contracts} contracts (seed ${seed}): ${JSON.stringify(answers)}`)
  console.log(`meanwhile: ${JSON.stringify(troubles)}`)
  for (const fault of faults) console.error(`FAIL  ${fault}`)
  if (faults.length === 0) console.log('Nothing was lost, nothing was doubled: the books add up.')
  process.exitCode = faults.length > 0 ? 1 : 0
}
