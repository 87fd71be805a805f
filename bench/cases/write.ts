// A signed-in write with its key, audit row and event in one commit, against a bare Fastify that sends the same statements, and pgbench.
import { withClient } from '../../tools/create-database.ts'
import { applicationInPgbench, applications } from '../applications.ts'
import type { Case } from '../case.ts'
import { openChild } from '../child.ts'
import type { Given } from '../limits/bare-write.ts'
import { servedSide } from '../load.ts'
import { noPgbench, pgbenchSide } from '../pgbench.ts'
import { compare } from '../rounds.ts'
import { poolMax, type World } from '../world.ts'

/** Writes of a round, as many at once as have a connection to the database each, and what one connection of pgbench may write in one. */
const [count, connections, share] = [500, poolMax, 10_000]

export const write: Case = {
  name: 'write',
  wanted: [
    { name: 'write', title: 'An idempotent write with audit and event', unit: 'ratio', aim: { least: 0.65 } },
    { name: 'write-pgbench', title: 'The same against pgbench', unit: 'ratio' },
  ],
  async run({ world, load, rounds }) {
    const api = await world.openApi()
    const bare = openChild<Given, string>('limits/bare-write.ts')
    try {
      const bareUrl = await bare.ask({ url: world.urls.appUrl, poolMax })
      await holdAlike(world, [api.url, bareUrl])
      const side = (name: string, url: string, pid: number) => {
        const plan = () => ({ urls: [url], connections, requests: applications(world, count) })
        return servedSide({ name, load, pids: [pid], status: 201, plan })
      }
      const database = await pgbenchSide({
        ...{ url: world.urls.appUrl, folder: world.folder, script: applicationInPgbench(world.jobs, share) },
        variables: () => ({ n: -1, base: world.freshPairs(poolMax * share) }),
      })
      const sides = [side('service', api.url, api.pid), side('bare Fastify and pg', bareUrl, bare.pid)]
      const { over } = await compare([...sides, ...(database ? [database] : [])], rounds)
      return { write: over(1), 'write-pgbench': database ? over(2) : noPgbench }
    } finally {
      await bare.close()
      await api.close()
      await withClient(world.urls.adminUrl, (admin) => admin.query('TRUNCATE outbox'))
    }
  },
}

/** One write of each: the same status, the same fields, and as many rows in the same tables. */
async function holdAlike(world: World, urls: readonly string[]): Promise<void> {
  const seen: string[] = []
  for (const url of urls) {
    const [{ path = '', method = '', headers = {}, body = '' } = {}] = applications(world, 1)
    const before = await rowsOf(world)
    const answer = await fetch(`${url}${path}`, { method, headers, body })
    const fields = Object.keys((await answer.json()) as object)
    const after = await rowsOf(world)
    const added = after.map((rows, at) => rows - (before[at] ?? 0))
    seen.push(`status ${answer.status}, fields ${fields}, rows ${added}`)
  }
  if (new Set(seen).size !== 1) throw new Error(`The writes are not alike: ${seen.join('; ')}`)
}

const tables = ['applications', 'audit_log', 'outbox', 'idempotency_keys']

async function rowsOf({ urls: { adminUrl } }: World): Promise<number[]> {
  const counts = tables.map((table) => `(SELECT count(*) FROM ${table})::int`).join()
  return withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<number[]>({ text: `SELECT ${counts}`, rowMode: 'array' })
    return rows[0] ?? []
  })
}
