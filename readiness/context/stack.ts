// The service as processes over real parts, for the probes: a database of its own behind a link, Redis, mail, API, workers.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Link, openLink } from '../../tools/link.ts'
import { type MailCatcher, openMailCatcher } from '../../tools/mail-catcher.ts'
import { openPaymentSandbox, type PaymentSandbox } from '../../tools/payment-sandbox.ts'
import { type Running, startProcess } from '../../tools/process.ts'
import { openRedis, type RedisServer } from '../../tools/redis-server.ts'
import type { ScratchDatabase } from '../../tools/scratch-databases.ts'
import { freePorts, manyCalls } from '../../tools/stack.ts'
import { openErrorReceiver } from './error-receiver.ts'
import type { Run } from './run.ts'
import { openSpanReceiver } from './spans.ts'

/**
 * What a probe stands on. The runner starts these parts, and tells where one cannot be had on this machine. With `spans` every trace is
 * recorded, and with `errors` errors are reported, to receivers of the stack: only where they are looked at, for that costs time. With
 * `seeded` the database holds a million jobs.
 */
export const needs = [
  'database',
  'api',
  'worker',
  'redis',
  'mail',
  'payments',
  'spans',
  'errors',
  'docker',
  'go',
  'python',
  'debian',
  'history',
  'k6',
  'seeded',
] as const
export type Need = (typeof needs)[number]
export type Door = Running & { url: string }
export type Stack = Awaited<ReturnType<typeof openStack>>
/** The stack did not come up: nothing can be said of any control. */
export class StackError extends Error {}

type Env = Record<string, string>
type Options = { run: Run; tree: string; needs: readonly Need[]; env?: Env | undefined }

/** Milliseconds that a door may take to open. */
const patience = 30_000
const keep = 'readiness/context/compiled.ts'
const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** What every stack has that its control does not set otherwise: short waits, so that a probe sees a repetition within seconds. */
const standard: Env = {
  // Only the probes of limits meet limits.
  ...manyCalls,
  NODE_ENV: 'test',
  DEPLOYMENT: 'readiness',
  PUBLIC_URL: 'http://127.0.0.1:8080',
  SECURITY_CONTACT: 'mailto:security@seaworthy.test',
  PORT: '0',
  MAIL_FROM: 'seaworthy@example.com',
  TOKEN_SIGNING_KEY: signingKey,
  APP_SECRET: randomBytes(32).toString('base64url'),
  ENCRYPTION_KEYS: `readiness:${randomBytes(32).toString('base64')}`,
  PAYMENTS_SECRET_KEY: `sk_test_${randomBytes(24).toString('base64url')}`,
  PAYMENTS_WEBHOOK_SECRETS: `whsec_${randomBytes(24).toString('base64url')}`,
  DRAIN_MS: '0',
  METRICS_PORT: '0',
  // A busy machine is neither an outage nor an overload, and its payment sandbox no slow provider.
  REDIS_TIMEOUT_MS: '2000',
  PAYMENTS_QUICK_MS: '10000',
  EVENT_LOOP_DELAY_MS: '10000',
  BREAKER_OPEN_MS: '1000',
  QUEUE_BACKOFF_MS: '200',
  QUEUE_LOCK_MS: '2000',
  OUTBOX_SWEEP_MS: '500',
  OUTBOX_RETRY_MS: '4000',
}

/** Starts what is needed, and what that stands on. Throws StackError, with everything ended again, when a part does not come up. */
export async function openStack({ run, tree, needs, env: given = {} }: Options) {
  const parts = new AsyncDisposableStack()
  const needed = (...names: Need[]) => names.some((name) => needs.includes(name))
  let database: ScratchDatabase | undefined
  let link: Link | undefined
  let redis: RedisServer | undefined
  let mail: MailCatcher | undefined
  let payments: PaymentSandbox | undefined
  let api: Door | undefined
  const workers: Door[] = []
  const spans = parts.adopt(await openSpanReceiver(), (receiver) => receiver.close())
  const errors = parts.adopt(await openErrorReceiver(), (receiver) => receiver.close())
  const env: Env = { ...standard, NODE_COMPILE_CACHE: join(run.folder, '../compile-cache') }
  env.UPLOADS_URL = `file:${join(run.makeFolder('files'), 'uploads')}`
  if (needed('spans')) Object.assign(env, { OTEL_EXPORTER_OTLP_ENDPOINT: spans.url, TRACE_RATIO: '1' })
  if (needed('errors')) env.SENTRY_DSN = errors.dsn
  try {
    await Promise.all([openDatabase(), openBeneathWorkers()])
    Object.assign(env, given)
    await Promise.all([needed('api') && openApi(), needed('worker') && openWorker()])
  } catch (error) {
    await parts.disposeAsync()
    throw new StackError((error as Error).message, { cause: error })
  }
  return {
    ...{ tree, env, database, link, redis, mail, payments, api, workers, spans, errors },
    ...{ start, startApi, startWorker },
    said: () => [api, ...workers].map((door) => door?.said() ?? '').join('\n'),
    close: () => parts.disposeAsync(),
  }

  async function openDatabase() {
    if (!needed('database', 'seeded', 'api', 'worker')) return
    const made = await (needed('seeded') ? run.copySeeded(tree) : run.copyDatabase(tree))
    database = made
    parts.defer(async () => (await run.databases()).drop(made))
    link = parts.adopt(await openLink(Number(new URL(made.appUrl).port)), (opened) => opened.close())
    env.DATABASE_URL = made.appUrl.replace(/:\d+\//, `:${link.port}/`)
    env.DATABASE_DIRECT_URL = env.DATABASE_URL
  }

  async function openBeneathWorkers() {
    // Nobody listens there, unless it is needed.
    Object.assign(env, { REDIS_URL: 'redis://127.0.0.1:1', SMTP_URL: 'smtp://127.0.0.1:1' })
    if (needed('redis', 'worker', 'api')) {
      const dir = run.makeFolder('redis')
      redis = parts.adopt(await openRedis({ dir, settings: { appendonly: 'yes' } }), (opened) => opened.close())
      run.record(redis.pid, `:${new URL(redis.url).port}`)
      env.REDIS_URL = redis.url
    }
    if (needed('mail', 'worker')) {
      mail = parts.adopt(await openMailCatcher(), (opened) => opened.close().catch(() => {}))
      env.SMTP_URL = mail.smtpUrl
    }
    if (needed('payments', 'api', 'worker')) {
      const secret = env.PAYMENTS_WEBHOOK_SECRETS as string
      payments = parts.adopt(await openPaymentSandbox({ webhook: { secret } }), (opened) => opened.close())
      env.PAYMENTS_URL ??= payments.url
    }
  }

  async function openApi() {
    api = await startApi()
    payments?.sendWebhooks({ url: `${api.url}/v1/webhooks/payments` })
  }

  async function openWorker() {
    workers.push(await startWorker())
  }

  /** Another API of this tree, with changes to the environment. */
  async function startApi(changes: Env = {}, preload: string[] = []): Promise<Door> {
    const running = start([...[keep, ...preload].flatMap((file) => ['--import', file]), 'src/server.ts'], changes)
    const [, url = ''] = await soon(running, /Server listening at (http:[^"]+)/)
    return { ...running, url }
  }

  /** Another worker; `url` is that of its health. */
  async function startWorker(changes: Env = {}): Promise<Door> {
    const [port] = await freePorts(1)
    const running = start(['--import', keep, 'src/worker.ts'], { WORKER_HEALTH_PORT: String(port), ...changes })
    await soon(running, /working on jobs/)
    return { ...running, url: `http://127.0.0.1:${port}` }
  }

  /** A door of this tree as a process, with the stack's environment and changes to it. It is killed when the stack is closed. */
  function start(args: string[], changes: Env = {}): Running {
    const at = args.map((word) => (/^(src|tools|readiness)\//.test(word) ? join(tree, word) : word))
    const running = startProcess(at, { cwd: tree, env: { ...env, ...changes } })
    run.record(running.child.pid)
    parts.defer(async () => {
      running.child.kill('SIGKILL')
      await running.ended
    })
    return running
  }
}

async function soon(running: Running, pattern: RegExp): Promise<RegExpExecArray> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new StackError(`No ${pattern} within ${patience} ms:\n${running.said()}`)),
      patience,
    )
    timer.unref()
  })
  return Promise.race([running.until(pattern), late])
}
