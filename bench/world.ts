// What the measured stands on: PostgreSQL and Redis of its own, data, people with tokens. Nothing runs on it until a case starts it.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTokens } from '../src/lib/tokens.ts'
import { type Urls, withOwnDatabase } from '../tools/own-database.ts'
import { openStack, usualSettings } from '../tools/stack.ts'
import { openService, type Service } from './api.ts'
import { fillDatabase, workerId, workers } from './data.ts'

/** DATABASE_POOL_MAX and WORKER_CONCURRENCY, also for the bare programs. */
export const [poolMax, workerConcurrency] = [10, 5]

export type World = {
  urls: Urls
  jobs: number
  redisUrl: string
  /** Gone with the world. */
  folder: string
  /** One for each worker, by number. */
  tokens: readonly string[]
  /** The first of `count` numbers of pairs of a worker and a job that nobody had before. */
  freshPairs: (count: number) => number
  /** With settings besides those of every process. */
  openApi: (settings?: Record<string, string>) => Promise<Service>
  openWorker: () => Promise<Service>
}

type Fill = (urls: Urls, jobs: number) => Promise<unknown>

/** `jobs`: how many `fill` puts there. Everything is gone when `use` is done. */
export async function withWorld<T>(
  jobs: number,
  use: (world: World) => Promise<T>,
  fill: Fill = fillDatabase,
): Promise<T> {
  // The time of each commit is kept, for the time from commit to effect.
  const postgres = { track_commit_timestamp: 'on', max_connections: '200' }
  return withOwnDatabase('bench', (urls) => fill(urls, jobs).then(() => withParts(urls, jobs, use)), postgres)
}

async function withParts<T>(urls: Urls, jobs: number, use: (world: World) => Promise<T>): Promise<T> {
  const usual = usualSettings()
  const stack = await openStack({ appUrl: urls.appUrl, env: usual, workers: 0, apis: 0 })
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-bench-'))
  const services: Service[] = []
  const open = async (file: 'server' | 'worker', more: Record<string, string> = {}) => {
    const service = await openService({ file, settings: { ...settings, ...more }, folder })
    services.push(service)
    return service
  }
  // Each service has a port of its own.
  const { PORT: _, ...settings }: Record<string, string> = stack.settings
  try {
    return await use({
      urls,
      jobs,
      redisUrl: stack.redis.url,
      folder,
      tokens: await tokensFor(settings),
      freshPairs: counterOf(jobs),
      openApi: (more) => open('server', more),
      openWorker: () => open('worker'),
    })
  } finally {
    // Of a case that failed some may still run.
    await Promise.all(services.map((service) => service.close()))
    await stack.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** As a sign-in gives them. Their sessions are not in the database: no read asks for one that has not ended. */
async function tokensFor({ TOKEN_SIGNING_KEY = '', PUBLIC_URL = '' }: Record<string, string>): Promise<string[]> {
  const { sign } = await createTokens({
    signingKey: TOKEN_SIGNING_KEY,
    issuer: PUBLIC_URL,
    audience: 'seaworthy',
    lifetime: 3_600_000,
  })
  const numbers = Array.from({ length: workers }, (_, number) => number)
  return Promise.all(numbers.map((number) => sign({ id: workerId(number), role: 'worker', sessionId: randomUUID() })))
}

/** A worker applies once for a job: each number is given out once. */
function counterOf(jobs: number) {
  let next = 0
  return (count: number) => {
    const first = next
    next += count
    if (next > workers * jobs) throw new Error('Every worker has applied for every job')
    return first
  }
}
