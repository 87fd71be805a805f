// What becomes of it with more rows and with more connections: told, and judged by nobody.
import { withClient } from '../tools/create-database.ts'
import { seedDatabase } from '../tools/seed.ts'
import { jobId } from './data.ts'
import { type Load, type Request, textOf, usual } from './load.ts'
import { type World, withWorld } from './world.ts'

type Table = string[][]

const rowCounts = [10_000, 100_000, 1_000_000]
const connectionCounts = [16, 128, 1024]
const warming = 2000
const seconds = 5

/** Requests a second, uncached, by how many jobs there are; and cached, by how many connections ask at once. */
export async function growthTables(load: Load, say: (line: string) => void): Promise<Table[]> {
  const rows: Table = [['jobs', 'page of 20 a second', 'p99 ms', 'one job a second', 'p99 ms']]
  for (const jobs of rowCounts) {
    const seed = ({ ownerUrl }: { ownerUrl: string }) => seedDatabase({ url: ownerUrl, jobs, say })
    rows.push([String(jobs), ...(await withWorld(jobs, (world) => uncached(load, world), seed))])
    say(`growth: ${rows.at(-1)?.join(', ')}`)
  }
  const connections: Table = [['connections', 'answered a second', 'refused a second (503)', 'p99 ms']]
  await withWorld(rowCounts[0] as number, async ({ openApi }) => {
    const api = await openApi()
    try {
      for (const count of connectionCounts) connections.push(await crowded(load, api.url, count))
    } finally {
      await api.close()
    }
  })
  return [rows, connections]
}

async function uncached(load: Load, { openApi, urls }: World): Promise<string[]> {
  const api = await openApi({ CACHE: 'off' })
  try {
    const some = (await jobsOf(urls.adminUrl)).map((id): Request => ({ path: `/v1/jobs/${id}` }))
    const cells: string[] = []
    for (const requests of [[{ path: '/v1/jobs' }], some]) {
      await textOf(api.url, requests[0]?.path ?? '')
      for (let done = 0; done < warming; ) done += (await load.fire({ urls: [api.url], requests, ...usual }, 200)).count
      const { count, seconds: took, p99 } = await load.fire({ urls: [api.url], requests, ...usual, seconds }, 200)
      cells.push((count / took).toFixed(0), p99.toFixed(0))
    }
    return cells
  } finally {
    await api.close()
  }
}

/** A thousand that everybody may see, from everywhere in the table. */
async function jobsOf(adminUrl: string): Promise<string[]> {
  const text = `SELECT id FROM jobs WHERE status <> 'draft' AND deleted_at IS NULL ORDER BY md5(id::text) LIMIT 1000`
  const { rows } = await withClient(adminUrl, (admin) => admin.query<{ id: string }>(text))
  return rows.map(({ id }) => id)
}

/** What finds no place is refused: that is how the service is meant to be with more callers than it lets in. */
async function crowded(load: Load, url: string, connections: number): Promise<string[]> {
  const requests = [{ path: `/v1/jobs/${jobId(1)}` }]
  await textOf(url, requests[0]?.path ?? '')
  const { statuses, seconds: took, p99 } = await load.crowd({ urls: [url], requests, connections, seconds })
  return [String(connections), ...[200, 503].map((one) => ((statuses[one] ?? 0) / took).toFixed(0)), p99.toFixed(0)]
}
