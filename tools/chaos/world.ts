// Where the chaos happens: PostgreSQL and Redis, each behind a link that can be cut, two APIs behind the edge, two workers, a mail catcher
// and the payment sandbox, as processes of this machine.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Redis } from 'ioredis'
import { migrate } from '../../src/db/migrations.ts'
import { createDatabase } from '../create-database.ts'
import { folderOf, runProgram, succeeds, unpackPackages } from '../debian-packages.ts'
import { openEmbeddedPostgres } from '../embedded-postgres.ts'
import { openLink } from '../link.ts'
import { manyRequests, openNginx } from '../nginx.ts'
import { openStack, usualSettings } from '../stack.ts'

export type World = Awaited<ReturnType<typeof openWorld>>

const settings = {
  TRUST_PROXY: '127.0.0.1/32',
  // A job of a dead worker, and what was lost, comes back within seconds: what is measured is whether it does.
  ...{
    QUEUE_BACKOFF_MS: '200',
    QUEUE_LOCK_MS: '5000',
    QUEUE_ATTEMPTS: '30',
    OUTBOX_SWEEP_MS: '500',
    OUTBOX_RETRY_MS: '15000',
  },
  ...{ PAYMENTS_TIMEOUT_MS: '2000', PAYMENTS_QUICK_MS: '1000', PAYMENTS_LEASE_MS: '5000', BREAKER_OPEN_MS: '2000' },
  ...{ RELEASE_AFTER_SECONDS: '1', SCHEDULES: 'contract-release=* * * * * *' },
}

/** `say` hears what takes time. */
export async function openWorld(say: (line: string) => void) {
  const parts = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'seaworthy-chaos-'))
    parts.defer(() => rm(folder, { recursive: true, force: true }))
    const dataDir = join(tmpdir(), `seaworthy-chaos-postgres-${process.pid}`)
    const open = () => openEmbeddedPostgres({ dataDir, settings: { max_connections: '200' } })
    let postgres = await open()
    parts.defer(async () => {
      await postgres.stop()
      await rm(postgres.dataDir, { recursive: true, force: true })
    })
    const urls = await createDatabase({ adminUrl: postgres.url, name: 'chaos', passwords: { owner: 'o', app: 'a' } })
    await migrate({ url: urls.ownerUrl, direction: 'up' })
    const toPostgres = parts.adopt(await openLink(postgres.port), (link) => link.close())
    const logs = await smallDisk(join(folder, 'logs'), parts)
    const clock = await fakeClock(join(folder, 'clock'), say)
    let toRedis: Awaited<ReturnType<typeof openLink>> | undefined
    const stack = await openStack({
      appUrl: urls.appUrl.replace(/:\d+\//, `:${toPostgres.port}/`),
      env: { ...usualSettings(), ...settings },
      ...{ apis: 2, workers: 2 },
      ofSecond: { ...clock.env, LOG_FILE: join(logs.folder, 'api.log') },
      async wayToRedis(url) {
        toRedis = parts.adopt(await openLink(Number(new URL(url).port)), (link) => link.close())
        return `redis://127.0.0.1:${toRedis.port}`
      },
    })
    parts.defer(() => stack.close())
    const edge = await openNginx({ upstreams: stack.replicas.map(({ host }) => host), edits: manyRequests })
    parts.defer(() => edge.close())
    if (!toRedis) throw new Error('There is no way to Redis')

    return {
      ...{ stack, edge, logs, clock },
      ...urls,
      adminUrl: postgres.url.replace(/\/[^/]*$/, '/chaos'),
      ways: { postgres: toPostgres, redis: toRedis },
      /** The process that all others of PostgreSQL descend from. */
      postmaster: () => Number(readFileSync(join(postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]),
      /** As an operator does it, who lets nothing end by itself. */
      async restartPostgres() {
        await postgres.stop()
        postgres = await open()
      },
      /** Sent to the server itself. */
      async redis(...words: [string, ...string[]]) {
        const client = new Redis(stack.redis.url)
        await client.call(...words)
        client.disconnect()
      },
      close: () => parts.disposeAsync(),
    }
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }
}

/** A disk of 4 MB of its own, where this user may mount one; else a folder. */
async function smallDisk(folder: string, parts: AsyncDisposableStack) {
  await mkdir(folder)
  const isOwnDisk = await succeeds(runProgram(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], 10_000))
  if (isOwnDisk) parts.defer(async () => void (await runProgram(['umount', '--lazy', folder], 10_000)))
  return { folder, isOwnDisk }
}

/** The clock of one process, by libfaketime: seconds that are read from a file each time. */
async function fakeClock(file: string, say: (line: string) => void) {
  const set = (seconds: number) => writeFileSync(file, `+${seconds}`)
  set(0)
  try {
    const library = await findLibfaketime(say)
    const env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    return { set, env, missing: undefined }
  } catch (error) {
    return { set, env: {}, missing: `there is no libfaketime (${(error as Error).message})` }
  }
}

async function findLibfaketime(say: (line: string) => void): Promise<string> {
  const folder = folderOf('libfaketime')
  const machine = (await runProgram(['uname', '-m'], 5000)).stdout.trim()
  const path = `usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`
  for (const place of ['/', folder]) if (existsSync(join(place, path))) return join(place, path)
  await unpackPackages({
    names: ['faketime', 'libfaketime'],
    folder,
    program: 'usr/bin/faketime',
    version: '--version',
    say,
  })
  return join(folder, path)
}
