// `npm run chaos:money [-- --operations N --seed N]`: money is moved at random, 16 calls at a time, while API and worker are killed,
// connections to the database cut, and the payment provider fails, hangs and loses answers. Afterwards it waits until nothing is under
// way, and holds the books against each other; whatever does not add up ends it with exit 1. The same seed plays the same steps.
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { migrate } from '../src/db/migrations.ts'
import { type Done, findFaults, untilQuiet } from './chaos-money/findings.ts'
import { type Scene, setScene } from './chaos-money/people.ts'
import { makeTrouble } from './chaos-money/trouble.ts'
import { type Step, stepOf } from './chaos-money/workload.ts'
import { createDatabase } from './create-database.ts'
import { makeSecrets } from './development-secrets.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import { randomOf } from './random.ts'
import { openStack } from './stack.ts'

/** Milliseconds that a call is repeated for, and that everything may take to come to rest. */
const [patience, longestRest] = [60_000, 120_000]
const lanes = 16
/** Milliseconds for which somebody thinks before a step, at most. */
const thought = 800

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
  ...{ DRAIN_MS: '0', TOKEN_LIFETIME_MS: '3600000', BREAKER_OPEN_MS: '500' },
  ...{ PAYMENTS_TIMEOUT_MS: '1000', PAYMENTS_QUICK_MS: '500', PAYMENTS_LEASE_MS: '3000' },
  ...{ RELEASE_AFTER_SECONDS: '1', SCHEDULES: 'contract-release=* * * * * *' },
}

/** Plays on a migrated database. */
export async function playMoneyChaos({ operations, seed, say, ...urls }: Options): Promise<MoneyOutcome> {
  const { ownerPassword: _, appPassword: __, ...secrets } = makeSecrets()
  const common = {
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    SECURITY_CONTACT: 'mailto:security@example.com',
    MAIL_FROM: 'chaos@example.com',
    LOG_LEVEL: 'info',
  }
  const stack = await openStack({ appUrl: urls.appUrl, env: { ...common, ...secrets, ...quick } })
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
    const { answers, done, faults } = await playAll({
      url: stack.url,
      scene,
      operations,
      seed,
      say,
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

type Play = {
  url: string
  scene: Scene
  operations: number
  seed: number
  say: (line: string) => void
  step: () => void
}

async function playAll({ url, scene, operations, seed, say, step: trouble }: Play) {
  const answers: Record<string, number> = {}
  const done: Done[] = []
  const faults: string[] = []
  let next = 0
  const lane = async () => {
    while (next < operations) {
      const number = next++
      const step = stepOf({ seed, operations, contracts: scene.contracts }, number)
      const token = tokenOf(scene, step)
      await delay(Math.random() * thought)
      const asked = [ask(url, step, token), ...(step.isTwin ? [ask(url, step, token)] : [])]
      trouble()
      for (const { status, body } of await Promise.all(asked)) {
        const line = `${step.name} ${status}`
        answers[line] = (answers[line] ?? 0) + 1
        if (status < 300) done.push({ step, answered: body })
        else if (![402, 404, 409].includes(status))
          faults.push(`step ${number}: ${step.name} was answered ${status} ${body.code}`)
      }
      if (number % 500 === 499) say(`${number + 1} of ${operations} steps`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { answers, done, faults }
}

function tokenOf({ clients, workers, admin }: Scene, { as, contract, worker }: Step): string {
  const person = { client: clients[contract?.client ?? 0], worker: workers[worker], admin }[as]
  return person?.token ?? ''
}

type Answer = { status: number; body: { id: string; code?: string } }

/** Sends the same call again until it is answered for good: while the service is away or busy, and while another is at the same key. */
async function ask(url: string, { path, body, key }: Step, token: string): Promise<Answer> {
  const end = performance.now() + patience
  for (;;) {
    const answer = await send(`${url}${path}`, token, key, body)
    const isLast = answer.status !== 0 && answer.status !== 503 && answer.status !== 504 && answer.status !== 429
    if ((isLast && answer.body.code !== 'IDEMPOTENCY_KEY_IN_USE') || performance.now() > end) return answer
    await delay(100)
  }
}

async function send(url: string, token: string, key: string, body: object | undefined): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    'idempotency-key': key,
    ...(body && { 'content-type': 'application/json' }),
  }
  const signal = AbortSignal.timeout(30_000)
  try {
    const answer = await fetch(url, { method: 'POST', headers, signal, ...(body && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: (await answer.json()) as Answer['body'] }
  } catch (error) {
    return { status: 0, body: { id: '', code: (error as Error).message } }
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { operations: { type: 'string', default: '5000' }, seed: { type: 'string', default: '1' } },
  })
  const postgres = await openEmbeddedPostgres({ dataDir: join(tmpdir(), `seaworthy-chaos-money-${process.pid}`) })
  try {
    const passwords = { owner: 'o', app: 'a' }
    const urls = await createDatabase({ adminUrl: postgres.url, name: 'chaos', passwords })
    await migrate({ url: urls.ownerUrl, direction: 'up' })
    const adminUrl = postgres.url.replace(/\/[^/]*$/, '/chaos')
    const [operations, seed] = [Number(values.operations), Number(values.seed)]
    const { answers, troubles, contracts, faults } = await playMoneyChaos({
      ...urls,
      adminUrl,
      operations,
      seed,
      say: console.log,
    })
    console.log(`${operations} steps over ${contracts} contracts (seed ${seed}): ${JSON.stringify(answers)}`)
    console.log(`meanwhile: ${JSON.stringify(troubles)}`)
    for (const fault of faults) console.error(`FAIL  ${fault}`)
    if (faults.length === 0) console.log('Nothing was lost, nothing was doubled: the books add up.')
    process.exitCode = faults.length > 0 ? 1 : 0
  } finally {
    await postgres.stop()
    await rm(postgres.dataDir, { recursive: true, force: true })
  }
}
