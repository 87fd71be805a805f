// Several replicas bring one database up at once, while an API on it waits.
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { holdTable } from '../../tools/hold-table.ts'
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { red } from '../control.ts'

const replicas = 3

export async function migrateTogether({ sql, start, startApi, apiAt, finish, until, tree }: Context) {
  const { name, ownerUrl, appUrl, adminUrl } = await sql.emptyDatabase()
  const names = globSync('migrations/*.up.sql', { cwd: tree }).map((file) => basename(file, '.up.sql'))
  const api = apiAt((await startApi({ DATABASE_URL: appUrl, DATABASE_DIRECT_URL: appUrl })).url)
  const ready = () => api.anonymous('GET', '/health/ready')
  const untilReady = () => until('not-ready-when-up', async () => (await ready()).status === 200)

  const onEmpty = unready(await ready())
  const first = await ranBy(startReplicas())
  if (first.join() !== names.sort().join()) red('not-each-ran-once', first.join(', '))
  await untilReady()

  const down = await finish(['src/migrate.ts', 'down', '1'], { DATABASE_OWNER_URL: ownerUrl })
  if (down.code !== 0) red('cannot-go-down', down.said)
  // What was being asked when it went down may say so once.
  await until('ready-when-behind', async () => (await ready()).status !== 200)
  const whenBehind = unready(await ready())
  if (!whenBehind.text.includes(String(names.at(-1)))) red('migration-not-named', whenBehind.text)

  // They meet where the first reads what has run, and the others wait for it: without a lock all find the same migration missing.
  const held = await holdTable(adminUrl, 'schema_migrations')
  const again = startReplicas()
  const told = () => again.filter(({ said }) => said().includes('waiting for it')).length
  const met = async () => (await waiting()) + told() === replicas || again.some(({ child }) => child.exitCode)
  await until('replicas-never-met', met, { within: 30_000 }).finally(held.close)
  const last = await ranBy(again)
  if (last.join() !== names.at(-1)) red('not-each-ran-once', last.join(', '))
  await untilReady()
  return { replicas, migrations: names.length, onEmpty: onEmpty.status, whenBehind: whenBehind.status, afterwards: 200 }

  function startReplicas() {
    return Array.from({ length: replicas }, () => start(['src/migrate.ts'], { DATABASE_OWNER_URL: ownerUrl }))
  }

  async function waiting(): Promise<number> {
    const rows = await sql.admin(
      `SELECT FROM pg_stat_activity
        WHERE datname = $1 AND application_name = 'seaworthy-migrate' AND wait_event_type = 'Lock'`,
      [name],
    )
    return rows.length
  }
}

/** The migrations that these processes ran, over all of them. */
async function ranBy(started: ReturnType<Context['start']>[]): Promise<string[]> {
  const ends = await Promise.all(started.map(async ({ ended, said }) => ({ ...(await ended), said: said() })))
  const failed = ends.find(({ code }) => code !== 0)
  if (failed) red('a-replica-failed', `exit code ${failed.code}: ${failed.said.slice(0, 300)}`)
  return ends.flatMap(({ said }) => [...said.matchAll(/^up (\S+)$/gm)].map(([, ran = '']) => ran)).sort()
}

function unready(answer: Answer): Answer {
  if (answer.status !== 503) red('ready-when-behind', String(answer.status))
  if (!/"path":"\/schema"/.test(answer.text)) red('schema-not-named', answer.text)
  return answer
}
