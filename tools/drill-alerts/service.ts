// What is watched in a drill: the service as its own processes over real parts, all on this machine, each of which a cause can break.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { migrate } from '../../src/db/migrations.ts'
import { createDatabase, withClient } from '../create-database.ts'
import { makeSecrets } from '../development-secrets.ts'
import { openEmbeddedPostgres } from '../embedded-postgres.ts'
import { agree, createCaller, join as joinAs } from '../journey.ts'
import { openMailCatcher } from '../mail-catcher.ts'
import { openPaymentSandbox } from '../payment-sandbox.ts'
import { openRedis } from '../redis-server.ts'
import { freePorts, manyCalls } from '../stack.ts'
import { type Child, startChild } from './child.ts'

export type Service = Awaited<ReturnType<typeof openService>>
type Options = { folder: string; publicUrl: string }

const root = resolve(import.meta.dirname, '../..')
const postgresSettings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
/** Few places and little memory, so that they can be taken; looks as often as a drill needs them. */
const settings = {
  CONCURRENT_REQUESTS: '20',
  WAITING_REQUESTS: '10',
  SCHEDULES: 'reconciliation=*/2 * * * * *',
  SCHEDULES_WATCH_MS: '1000',
  DRAIN_MS: '0',
  // A busy machine is no overload and no outage.
  EVENT_LOOP_DELAY_MS: '10000',
  REDIS_TIMEOUT_MS: '1000',
}
/** Of the API only: a worker whose jobs took all of them could not say what its queues do. */
const fewConnections = { DATABASE_POOL_MAX: '5' }
const heapMegabytes = 200
/** Of the young, which the limit of the heap counts too. */
const youngMegabytes = 2
/** A worker's own disk: large enough for what it writes, small enough to be filled. */
const diskMegabytes = 8

export async function openService({ folder, publicUrl }: Options) {
  const parts = new AsyncDisposableStack()
  let isClosed = false
  try {
    return await openParts()
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }

  async function openParts() {
    const dataDir = join(folder, 'postgres')
    let postgres = await openEmbeddedPostgres({ dataDir, settings: postgresSettings })
    // As root the server keeps its data elsewhere.
    parts.defer(async () => {
      await rm(postgres.dataDir, { recursive: true, force: true })
      await rmdir(dirname(postgres.dataDir)).catch(() => {})
    })
    parts.defer(() => postgres.stop())
    const passwords = { owner: 'owner', app: 'app' }
    const { ownerUrl, appUrl } = await createDatabase({ adminUrl: postgres.url, name: 'drill', passwords })
    await migrate({ url: ownerUrl, direction: 'up' })
    const adminUrl = postgres.url.replace(/\/postgres$/, '/drill')

    const redis = await openRedis({ dir: join(folder, 'redis'), settings: { appendonly: 'yes' } })
    parts.defer(() => redis.close())
    let mail = await openMailCatcher()
    const smtpPort = Number(new URL(mail.smtpUrl).port)
    parts.defer(() => mail.close())
    const [apiPort, metricsPort, workerPort, apiInspector, workerInspector] = await freePorts(5)
    const url = `http://127.0.0.1:${apiPort}`
    const { ownerPassword: _, appPassword: __, ...secrets } = makeSecrets()
    const webhook = { url: `${url}/v1/webhooks/payments`, secret: secrets.PAYMENTS_WEBHOOK_SECRETS }
    const payments = await openPaymentSandbox({ webhook })
    parts.defer(() => payments.close())

    const env = {
      ...manyCalls,
      NODE_ENV: 'test',
      DEPLOYMENT: 'drill',
      PUBLIC_URL: publicUrl,
      SECURITY_CONTACT: 'mailto:security@example.com',
      MAIL_FROM: 'drill@example.com',
      ...secrets,
      ...settings,
      DATABASE_URL: appUrl,
      REDIS_URL: redis.url,
      SMTP_URL: mail.smtpUrl,
      PAYMENTS_URL: payments.url,
      PORT: String(apiPort),
      METRICS_PORT: String(metricsPort),
      WORKER_HEALTH_PORT: String(workerPort),
    }
    const disk = join(folder, 'worker')
    mkdirSync(disk)
    const hasDisk = canMount(disk)
    const api = door(`${url}/health/ready`, apiInspector, () =>
      startChild(process.execPath, nodeArgs(apiInspector, 'src/server.ts'), {
        env: { ...env, ...fewConnections },
        cwd: folder,
      }),
    )
    const worker = door(`http://127.0.0.1:${workerPort}/health/ready`, workerInspector, () => {
      const command = [process.execPath, ...nodeArgs(workerInspector, 'src/worker.ts')]
      return hasDisk
        ? startChild('unshare', ['-rm', 'sh', '-c', mounting, disk, ...command], { env })
        : startChild(command[0] ?? '', command.slice(1), { env, cwd: disk })
    })
    parts.defer(async () => void (await Promise.all([api.stop(), worker.stop()])))
    await Promise.all([api.start(), worker.start()])

    const sql = (text: string, values: unknown[] = []) => withClient(ownerUrl, (owner) => owner.query(text, values))
    await sql(`INSERT INTO backups (kind, finished_at, bytes, seconds)
      SELECT kind, now(), 9000000, 60 FROM unnest(ARRAY['logical', 'physical', 'drill']) AS kind`)
    const call = createCaller(url, 20_000)
    const [client, person] = await Promise.all([joinAs(call, 'client'), joinAs(call, 'worker')])
    const contract = await agree(call, client, person)

    return {
      ...{ url, appUrl, adminUrl, sql, redis, payments, api, worker, call, client, person, contract },
      targets: { api: `127.0.0.1:${metricsPort}`, worker: `127.0.0.1:${workerPort}` },
      /** Whether `fillDisk` can be used: it takes user namespaces, or root. */
      hasDisk,
      fillDisk: () => writeFileSync(join(workersDisk(), 'ballast'), Buffer.alloc(diskMegabytes * 1024 * 1024 * 0.95)),
      emptyDisk: () => rm(join(workersDisk(), 'ballast')),
      stopDatabase: () => postgres.stop(),
      async startDatabase() {
        if (!isClosed) postgres = await openEmbeddedPostgres({ dataDir, settings: postgresSettings })
      },
      stopMail: () => mail.close(),
      async startMail() {
        if (!isClosed) mail = await openMailCatcher({ smtpPort })
      },
      close() {
        // A cause may be mended meanwhile, and must not bring back what has just ended.
        isClosed = true
        return parts.disposeAsync()
      },
    }

    /** As the worker sees it: the mount is its own. */
    function workersDisk() {
      return join(`/proc/${worker.pid()}/root`, disk)
    }
  }
}

const mounting = `mount -t tmpfs -o size=${diskMegabytes}m drill "$0" && cd "$0" && exec "$@"`
const canMount = (folder: string) =>
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'drill', folder], { stdio: 'ignore' }).status === 0

const nodeArgs = (inspector: number | undefined, file: string) => [
  `--inspect=127.0.0.1:${inspector}`,
  `--max-old-space-size=${heapMegabytes}`,
  `--max-semi-space-size=${youngMegabytes}`,
  join(root, file),
]

/** A process that can be killed, and started again at the same ports. */
function door(readyUrl: string, inspector: number | undefined, run: () => Child) {
  let child: Child | undefined
  let isStopped = false
  return {
    inspector: inspector ?? 0,
    pid: () => child?.pid,
    said: () => child?.said() ?? '',
    kill: () => child?.kill('SIGKILL'),
    async start() {
      await child?.stop()
      if (isStopped) return
      child = run()
      await child.untilAnswers(readyUrl)
    },
    /** For good. */
    async stop() {
      isStopped = true
      await child?.stop()
    },
  }
}
