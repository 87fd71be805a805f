// Starts the PostgreSQL of the suite, and makes the migrated template of which each test file gets a copy.
import { resolve } from 'node:path'
import process from 'node:process'
import type { TestProject } from 'vitest/node'
import { migrate } from '../src/db/migrations.ts'
import { createDatabase, withClient } from '../tools/create-database.ts'
import { openEmbeddedPostgres } from '../tools/embedded-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { adminUrl: string; ownerUrl: string; appUrl: string; template: string }
  }
}

// Nothing here outlives the run, so a lost write is no loss.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }

export default async function setup(project: TestProject) {
  const postgres = await openEmbeddedPostgres({ dataDir: resolve('.local/test-postgres'), settings })
  const template = `test_${process.pid}_template`
  await dropDatabases(postgres.url, (pid) => !isAlive(pid))
  const passwords = { owner: 'owner of the tests', app: 'service of the tests' }
  const { ownerUrl, appUrl } = await createDatabase({ adminUrl: postgres.url, name: template, passwords })
  await migrate({ url: ownerUrl, direction: 'up', say: console.error })
  project.provide('postgres', { adminUrl: postgres.url, ownerUrl, appUrl, template })

  return async () => {
    const left = await dropDatabases(postgres.url, (pid) => pid === process.pid)
    // Another run in the same checkout may still use the server.
    if (left === 0) await postgres.stop()
  }
}

/** Drops the databases of the runs whose process `drop` picks: our own at the end, those of killed runs at the start. Answers how many are left. */
async function dropDatabases(adminUrl: string, drop: (pid: number) => boolean): Promise<number> {
  return withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      "SELECT datname FROM pg_database WHERE datname ~ '^test_[0-9]+_'",
    )
    const ours = rows.filter(({ datname }) => drop(Number(datname.split('_')[1])))
    for (const { datname } of ours) {
      await admin.query(`DROP DATABASE IF EXISTS ${admin.escapeIdentifier(datname)} WITH (FORCE)`)
    }
    return rows.length - ours.length
  })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
