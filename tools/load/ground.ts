// Where a scenario is played: a service of its own over seeded data, the world of the chaos, or one that runs already.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { faults } from '../chaos/faults.ts'
import { openWorld, type World } from '../chaos/world.ts'
import { withClient } from '../create-database.ts'
import { withOwnDatabase } from '../own-database.ts'
import { seedPassword } from '../seed/names.ts'
import { seedDatabase } from '../seed.ts'
import { openStack, type Stack, usualSettings } from '../stack.ts'
import { castAt, castOf } from './cast.ts'
import { cpuSeconds, parentOf, redisSeconds } from './cpu.ts'
import type { Options } from './options.ts'
import type { Cast } from './program.ts'
import type { Watched } from './samples.ts'

/** `database` is what the answers are held against, as its owner. `disturb` breaks things, for so many milliseconds, and answers which. */
export type Ground = {
  url: string
  cast: Cast
  database?: string | undefined
  ca?: string
  watched?: Watched
  disturb?: (within: number) => Promise<string[]>
}
type Use<T> = (ground: Ground) => Promise<T>
type Wanted = Pick<Options, 'scenario' | 'url' | 'database'> & { users: number; say: (line: string) => void }

/** A job in five has a person of its own in the seeded data; and so many are browsed at least. */
const jobsFor = (users: number) => Math.max(10_000, users * 8)
/** Milliseconds: the lifetime of production. Those of a run under chaos live longer. */
const tokens = { TOKEN_LIFETIME_MS: '600000' }

/** What was opened is closed when `use` is done. */
export async function withGround<T>({ scenario, url, database, users, say }: Wanted, use: Use<T>): Promise<T> {
  if (url) return use({ url, database, cast: await castAt(url, users, say) })
  if (scenario === 'failure') return withWorld(users, say, use)
  return withOwnDatabase(
    'load',
    async ({ ownerUrl, appUrl, adminUrl }) => {
      const cast = await seeded(ownerUrl, users, say)
      const stack = await openStack({ appUrl, env: { ...usualSettings(), ...tokens } })
      try {
        return await use({ url: stack.url, cast, database: ownerUrl, watched: await watch(stack, adminUrl) })
      } finally {
        await stack.close()
      }
    },
    { max_connections: '200', shared_buffers: '256MB' },
  )
}

async function withWorld<T>(users: number, say: Wanted['say'], use: Use<T>): Promise<T> {
  const world = await openWorld(say)
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-load-'))
  try {
    const cast = await seeded(world.ownerUrl, users, say)
    const ca = join(folder, 'ca.pem')
    await writeFile(ca, world.edge.ca)
    const disturb = (within: number) => playFaults(world, within, say)
    return await use({ url: world.edge.url, ca, cast, database: world.ownerUrl, disturb })
  } finally {
    await rm(folder, { recursive: true, force: true })
    await world.close()
  }
}

async function seeded(ownerUrl: string, users: number, say: Wanted['say']): Promise<Cast> {
  await seedDatabase({ url: ownerUrl, jobs: jobsFor(users), say })
  return castOf(ownerUrl, users, seedPassword)
}

/** The schedule of `npm run chaos`, spread over the time; what there is no time for, or can't be done here, is left out. */
async function playFaults(world: World, within: number, say: Wanted['say']): Promise<string[]> {
  const possible = faults.filter(({ unless }) => unless?.(world) === undefined)
  const [begun, played]: [number, string[]] = [performance.now(), []]
  for (const [at, fault] of possible.entries()) {
    const due = begun + (within * (at + 0.5)) / possible.length
    await delay(Math.max(0, due - performance.now()))
    if (performance.now() - begun > within * 0.9) break
    say(fault.name)
    await fault.happen(world)
    played.push(fault.name)
  }
  return played
}

/** Processes of the stack, which may be started again meanwhile, and the server that a connection is a child of. */
async function watch(stack: Stack, adminUrl: string): Promise<Watched> {
  const port = () => /"port":(\d+)[^\n]*"msg":"metrics are served"/.exec(stack.api.said())?.[1]
  const backend = await withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    return parentOf(rows[0]?.pid ?? 0) ?? 0
  })
  return {
    metrics: () => `http://127.0.0.1:${port()}/metrics`,
    cpu: {
      api: async () => cpuSeconds(stack.api.pid()),
      worker: async () => cpuSeconds(stack.workers[0]?.pid() ?? 0),
      postgres: async () => cpuSeconds(backend, { family: true }),
      redis: () => redisSeconds(stack.redis.url),
    },
  }
}
