// `npm run chaos:events [-- --journeys N --seed N]`: journeys while API, worker and Redis are killed at random, then a count. Every accepted
// application must have one contract, one notification for each party and one mail; whatever is not so ends it with exit 1.
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { withClient } from './create-database.ts'
import { agree, createCaller, join } from './journey.ts'
import { withOwnDatabase } from './own-database.ts'
import { randomOf } from './random.ts'
import { openStack, type Stack, usualSettings } from './stack.ts'

const patience = 120_000

type Options = { ownerUrl: string; appUrl: string; journeys: number; seed: number; say: (line: string) => void }
export type Outcome = { kills: Record<string, number>; accepted: number; faults: string[] }

/** Plays the journeys on a migrated database, eight at a time, while parts are killed. */
export async function playChaos({ ownerUrl, appUrl, journeys, seed, say }: Options): Promise<Outcome> {
  const quick = {
    BREAKER_OPEN_MS: '1000',
    QUEUE_BACKOFF_MS: '200',
    QUEUE_LOCK_MS: '2000',
    OUTBOX_SWEEP_MS: '500',
    OUTBOX_RETRY_MS: '4000',
    DRAIN_MS: '0',
    QUEUE_ATTEMPTS: '20',
  }
  const stack = await openStack({ appUrl, env: { ...usualSettings(), ...quick } })
  try {
    const killer = createKiller(stack, seed)
    await playAll(stack.url, journeys, killer.step, say)
    const kills = await killer.finish()
    await settled(ownerUrl)
    return { kills, ...(await count(ownerUrl, stack)) }
  } finally {
    await stack.close()
  }
}

async function playAll(url: string, journeys: number, step: () => void, say: (line: string) => void) {
  const call = createCaller(url, patience)
  let left = journeys
  const play = async () => {
    while (left-- > 0) {
      const [client, worker] = await Promise.all([join(call, 'client'), join(call, 'worker')])
      await agree(call, client, worker, step)
      if (left % 20 === 0) say(`${journeys - Math.max(left, 0)} of ${journeys} journeys`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, play))
}

/** Kills a part every 3 to 12 steps of the journeys: by progress and not by time, so that a quick machine is hit as often. */
function createKiller(stack: Stack, seed: number) {
  const random = randomOf(seed)
  const kills: Record<string, number> = { api: 0, worker: 0, redis: 0 }
  let left = 3
  let restarts = Promise.resolve()

  return { step, finish }

  function step() {
    left -= 1
    if (left > 0) return
    left = 3 + Math.floor(random() * 10)
    const part = ['api', 'worker', 'redis'][Math.floor(random() * 3)] ?? 'api'
    kills[part] = (kills[part] ?? 0) + 1
    if (part === 'redis') restarts = restarts.then(() => killRedis(random() * 500))
    else (part === 'api' ? stack.api : stack.workers[0])?.kill()
  }

  async function killRedis(pause: number) {
    stack.redis.kill('SIGKILL')
    await delay(pause)
    await stack.redis.restart()
  }

  async function finish() {
    await restarts
    return kills
  }
}

/** Waits until every event was told or laid aside. */
async function settled(ownerUrl: string) {
  const end = performance.now() + patience
  const open = 'SELECT FROM outbox WHERE handled_at IS NULL AND dead_at IS NULL'
  while ((await withClient(ownerUrl, (owner) => owner.query(open))).rowCount !== 0) {
    if (performance.now() > end) return
    await delay(200)
  }
}

/** Faults in words, each with a query whose rows have it. */
export const eventFaults: readonly [fault: string, query: string][] = [
  [
    'accepted applications without exactly one contract',
    `SELECT a.id FROM applications a LEFT JOIN contracts c ON c.application_id = a.id WHERE a.status = 'accepted' GROUP BY a.id HAVING count(c.id) <> 1`,
  ],
  [
    'contracts without an accepted application',
    `SELECT c.id FROM contracts c JOIN applications a ON a.id = c.application_id WHERE a.status <> 'accepted'`,
  ],
  [
    'contracts whose parties were not told exactly once',
    `SELECT c.id FROM contracts c LEFT JOIN notifications n ON n.kind = 'application.accepted' AND n.data->>'jobId' = c.job_id::text AND n.user_id IN (c.client_id, c.worker_id)
     GROUP BY c.id, c.client_id, c.worker_id HAVING count(*) FILTER (WHERE n.user_id = c.client_id) <> 1 OR count(*) FILTER (WHERE n.user_id = c.worker_id) <> 1`,
  ],
  ['events that were never told', 'SELECT id FROM outbox WHERE handled_at IS NULL'],
]

/** Here each client has one journey. */
const checks = [
  ...eventFaults,
  ['journeys that took effect twice', 'SELECT client_id FROM jobs GROUP BY client_id HAVING count(*) > 1'],
] as const

async function count(ownerUrl: string, { mail }: Stack): Promise<{ accepted: number; faults: string[] }> {
  return withClient(ownerUrl, async (owner) => {
    const faults: string[] = []
    for (const [fault, query] of checks) {
      const { rowCount } = await owner.query(query)
      if (rowCount) faults.push(`${rowCount} ${fault}`)
    }
    const { rows } = await owner.query<{ email: string }>(
      'SELECT u.email FROM contracts c JOIN users u ON u.id = c.worker_id',
    )
    const letters = new Map<string, Set<string>>()
    for (const { To, MessageID, Subject } of mail.messages()) {
      // Everybody gets this one who registers, and another one of it when a worker was killed over it.
      if (Subject === 'Confirm your address') continue
      for (const { Address } of To) letters.set(Address, (letters.get(Address) ?? new Set()).add(MessageID))
    }
    const unwritten = rows.filter(({ email }) => letters.get(email)?.size !== 1)
    if (unwritten.length > 0) faults.push(`${unwritten.length} workers without exactly one mail`)
    return { accepted: rows.length, faults }
  })
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { journeys: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  })
  const [journeys, seed] = [Number(values.journeys), Number(values.seed)]
  const { kills, accepted, faults } = await withOwnDatabase('chaos-events', (urls) =>
    playChaos({ ...urls, journeys, seed, say: console.log }),
  )
  console.log(`${accepted} contracts from ${journeys} journeys; killed: ${JSON.stringify(kills)} (seed ${seed})`)
  if (accepted !== journeys) faults.push(`${journeys - accepted} journeys without a contract`)
  for (const fault of faults) console.error(`FAIL  ${fault}`)
  if (faults.length === 0) console.log('Nothing was lost, nothing was doubled.')
  process.exitCode = faults.length > 0 ? 1 : 0
}
