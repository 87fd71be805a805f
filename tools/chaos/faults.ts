// What goes wrong, in the order in which it does. Each is over when its promise is.
import { readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { withClient } from '../create-database.ts'
import type { World } from './world.ts'

export type Fault = {
  name: string
  /** Why it can't be done here, if it can't. */
  unless?: (world: World) => string | undefined
  happen: (world: World) => Promise<void>
}

/** Milliseconds. */
const [short, long] = [5000, 10_000]

export const faults: Fault[] = [
  {
    name: 'Redis stands still for 5 s (SIGSTOP)',
    async happen({ stack }) {
      stack.redis.kill('SIGSTOP')
      await delay(short)
      stack.redis.kill('SIGCONT')
    },
  },
  {
    name: 'Redis is killed, and comes back after 10 s',
    async happen({ stack }) {
      stack.redis.kill('SIGKILL')
      await delay(long)
      await stack.redis.restart()
    },
  },
  { name: 'Redis loses all it has (FLUSHALL)', happen: ({ redis }) => redis('FLUSHALL') },
  { name: 'PostgreSQL is restarted', happen: ({ restartPostgres }) => restartPostgres() },
  {
    name: 'PostgreSQL stands still for 5 s (SIGSTOP)',
    unless: () =>
      process.platform === 'linux' ? undefined : 'only Linux says which processes are those of PostgreSQL',
    async happen({ postmaster }) {
      const pids = [postmaster(), ...childrenOf(postmaster())]
      const tell = (signal: NodeJS.Signals) => {
        for (const pid of pids) signalled(pid, signal)
      }
      tell('SIGSTOP')
      await delay(short)
      tell('SIGCONT')
    },
  },
  {
    name: 'all connections to PostgreSQL are ended',
    happen: ({ adminUrl }) =>
      withClient(adminUrl, async (admin) => {
        await admin.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'seaworthy_service'",
        )
      }),
  },
  { name: 'no way to PostgreSQL for 5 s', happen: ({ ways }) => cut(ways.postgres) },
  { name: 'the way to PostgreSQL passes nothing on for 5 s', happen: ({ ways }) => held(ways.postgres) },
  { name: 'no way to Redis for 5 s', happen: ({ ways }) => cut(ways.redis) },
  { name: 'the way to Redis passes nothing on for 5 s', happen: ({ ways }) => held(ways.redis) },
  {
    name: 'the payment provider hangs for 5 s',
    async happen({ stack }) {
      stack.payments.fault({ do: 'hang', times: 1000 })
      await delay(short)
      stack.payments.heal()
    },
  },
  {
    name: 'an API is killed (kill -9)',
    happen: async ({ stack }) => void (await stack.replicas[1]?.restart('SIGKILL')),
  },
  {
    name: 'a worker is killed (kill -9)',
    happen: async ({ stack }) => void (await stack.workers[1]?.restart('SIGKILL')),
  },
  {
    name: 'the disk of an API’s log is full for 5 s',
    unless: ({ logs }) => (logs.isOwnDisk ? undefined : 'it takes root to mount a small disk'),
    async happen({ logs }) {
      const filler = join(logs.folder, 'filler')
      fill(logs.folder, filler)
      await delay(short)
      await rm(filler)
    },
  },
  {
    name: 'the clock of an API goes a minute ahead for 5 s',
    unless: ({ clock }) => clock.missing,
    async happen({ clock }) {
      clock.set(60)
      await delay(short)
      clock.set(0)
    },
  },
]

async function cut(way: { cut(): Promise<void>; mend(): Promise<void> }): Promise<void> {
  await way.cut()
  await delay(short)
  await way.mend()
}

async function held(way: { hold(): void; mend(): Promise<void> }): Promise<void> {
  way.hold()
  await delay(short)
  await way.mend()
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** One that has ended meanwhile needs no signal. */
function signalled(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function fill(folder: string, file: string): void {
  const { bavail, bsize } = statfsSync(folder)
  try {
    writeFileSync(file, Buffer.alloc(bavail * bsize + 65_536))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
