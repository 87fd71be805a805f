// A PostgreSQL whose databases live no longer than the run that made them: for the test suite and the readiness runner.
import { createHmac, randomBytes } from 'node:crypto'
import process from 'node:process'
import { createDatabase, type DatabaseUrls, restrict, withClient } from './create-database.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'

export type ScratchDatabase = DatabaseUrls & { adminUrl: string; name: string }

type Options = { dataDir: string; prefix: string }

// Nothing here outlives the run, so a lost write is no loss.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }

/** Starts the server of `dataDir`, or joins the run that uses it, and drops what killed runs left. */
export async function openScratchServer({ dataDir, prefix }: Options) {
  const { url: adminUrl, stop } = await openEmbeddedPostgres({ dataDir, settings })
  // The logins are the cluster's: every run has to give them the same passwords, and nobody else may know them.
  const password = (login: string) => createHmac('sha256', new URL(adminUrl).password).update(login).digest('base64url')
  const passwords = { owner: password('owner'), app: password('app') }
  const kept = `${prefix}_kept_`
  await dropDatabases(adminUrl, prefix, (pid) => !isAlive(pid))
  // From now on a run that ends beside this one sees that the server is still used.
  await withClient(adminUrl, (admin) => admin.query(`CREATE DATABASE ${prefix}_${process.pid}_run`))

  return { adminUrl, create, copy, keep, drop, close }

  /** An empty database, named for this process. */
  async function create(): Promise<ScratchDatabase> {
    return openNamed(ownName())
  }

  function ownName(): string {
    return `${prefix}_${process.pid}_${randomBytes(6).toString('hex')}`
  }

  async function openNamed(name: string): Promise<ScratchDatabase> {
    const urls = await createDatabase({ adminUrl, name, passwords })
    return { ...urls, name, adminUrl: adminUrlOf(adminUrl, name) }
  }

  function copy(template: ScratchDatabase): Promise<ScratchDatabase> {
    // What is large is copied as files: to write gigabytes to the log of changes first would take minutes.
    return copyDatabase(template, ownName(), template.name.startsWith(kept) ? 'FILE_COPY' : 'WAL_LOG')
  }

  /** A template that outlives the run: filled unless a run has done so, in place of those with other keys. To be copied, not to be used. */
  async function keep(key: string, fill: (made: ScratchDatabase) => Promise<unknown>): Promise<ScratchDatabase> {
    const name = `${kept}${key}`
    const found = await listKept()
    if (!found.includes(name)) {
      for (const old of found) await drop({ name: old })
      const made = await create()
      await fill(made)
      // Only now, so that no half of it stays.
      await withClient(adminUrl, (admin) => admin.query(`ALTER DATABASE ${made.name} RENAME TO ${name}`))
    }
    return openNamed(name)
  }

  async function listKept(): Promise<string[]> {
    return withClient(adminUrl, async (admin) => {
      const { rows } = await admin.query('SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)', [
        kept,
      ])
      return rows.map(({ name }) => String(name))
    })
  }

  async function drop({ name }: Pick<ScratchDatabase, 'name'>): Promise<void> {
    await withClient(adminUrl, (admin) =>
      admin.query(`DROP DATABASE IF EXISTS ${admin.escapeIdentifier(name)} WITH (FORCE)`),
    )
  }

  async function close(): Promise<void> {
    const left = await dropDatabases(adminUrl, prefix, (pid) => pid === process.pid)
    // Another run in the same checkout may still use the server.
    if (left === 0) await stop()
  }
}

/** A copy of a database to which nobody is connected, under a name of the same run unless told another. */
export async function copyDatabase(
  template: ScratchDatabase,
  name = template.name.replace(/[^_]+$/, randomBytes(6).toString('hex')),
  strategy: 'WAL_LOG' | 'FILE_COPY' = 'WAL_LOG',
): Promise<ScratchDatabase> {
  await withClient(adminUrlOf(template.adminUrl, 'postgres'), async (admin) => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template.name} STRATEGY ${strategy} OWNER seaworthy_owner`)
    await restrict(admin, name)
  })
  const renamed = (url: string) => url.replace(template.name, name)
  return {
    name,
    ownerUrl: renamed(template.ownerUrl),
    appUrl: renamed(template.appUrl),
    adminUrl: renamed(template.adminUrl),
  }
}

const adminUrlOf = (url: string, name: string) => url.replace(/\/[^/]+$/, `/${name}`)

/** Drops the databases of the runs whose process `drop` picks. Answers how many are left. */
async function dropDatabases(adminUrl: string, prefix: string, drop: (pid: number) => boolean): Promise<number> {
  return withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database WHERE datname ~ $1', [
      `^${prefix}_[0-9]+_`,
    ])
    const ours = rows.filter(({ datname }) => drop(Number(datname.slice(prefix.length + 1).split('_')[0])))
    for (const { datname } of ours) {
      await admin.query(`DROP DATABASE IF EXISTS ${admin.escapeIdentifier(datname)} WITH (FORCE)`)
    }
    return rows.length - ours.length
  })
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
