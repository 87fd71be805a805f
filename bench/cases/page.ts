// A page that is read from PostgreSQL each time, against a bare Fastify with pg, and against pgbench, by the service's own statement.
import pg from 'pg'
import { readableOver } from '../../src/db/client.ts'
import { searchJobs } from '../../src/modules/jobs/jobs.repository.ts'
import type { Case } from '../case.ts'
import { openChild } from '../child.ts'
import type { Given } from '../limits/bare-page.ts'
import { holdSame, servedSide, textOf, usual } from '../load.ts'
import { noPgbench, pgbenchSide } from '../pgbench.ts'
import { compare } from '../rounds.ts'
import { poolMax } from '../world.ts'

const path = '/v1/jobs'
const limit = 20

export const page: Case = {
  name: 'page',
  wanted: [
    { name: 'page', title: 'A page of 20 jobs, uncached', unit: 'ratio', aim: { least: 0.85 } },
    { name: 'page-pgbench', title: 'The same against pgbench', unit: 'ratio' },
  ],
  async run({ world, load, rounds }) {
    const statement = await pageStatement()
    const api = await world.openApi({ CACHE: 'off' })
    const bare = openChild<Given, string>('limits/bare-page.ts')
    try {
      const { next } = JSON.parse(await textOf(api.url, path)).page as { next: string }
      const bareUrl = await bare.ask({ url: world.urls.appUrl, poolMax, ...statement, limit, next })
      // A cursor says when it ends.
      await holdSame([api.url, bareUrl], path, (text) => text.replace(/"next":"[^"]*"/, ''))
      const side = (name: string, url: string, pid: number) =>
        servedSide({ name, load, pids: [pid], plan: () => ({ urls: [url], requests: [{ path }], ...usual }) })
      const database = await pgbenchSide({ url: world.urls.appUrl, folder: world.folder, script: inPgbench(statement) })
      const sides = [side('service', api.url, api.pid), side('bare Fastify and pg', bareUrl, bare.pid)]
      const { over } = await compare([...sides, ...(database ? [database] : [])], rounds)
      return { page: over(1), 'page-pgbench': database ? over(2) : noPgbench }
    } finally {
      await bare.close()
      await api.close()
    }
  },
}

type Statement = { text: string; values: unknown[] }

/** What the service sends for the first page, caught on its way. */
async function pageStatement(): Promise<Statement> {
  let sent: Statement | undefined
  const nowhere = readableOver(async ({ text }, values) => {
    sent = { text, values }
    return { rows: [] }
  })
  const seen = { after: undefined, viewer: undefined, seesDrafts: false }
  await searchJobs(nowhere, { limit, status: 'open', sort: 'newest' }, seen)
  if (!sent) throw new Error('The service sent no statement for a page')
  return sent
}

const inPgbench = ({ text, values }: Statement) =>
  `${text.replace(/\$(\d+)/g, (_, number) => pg.escapeLiteral(String(values[Number(number) - 1])))};\n`
