// A standby that follows a PostgreSQL of tools/embedded-postgres.ts, for tests and probes: a copy of its files, taken while it runs, that
// replays what the primary streams. It lies beside the primary's folder, so that the same account can reach it.
import { execFile } from 'node:child_process'
import { appendFileSync, chownSync, globSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { withClient } from './create-database.ts'
import { openEmbeddedPostgres } from './embedded-postgres.ts'
import { isAlive } from './scratch-databases.ts'

const execute = promisify(execFile)
let opened = 0

/** `adminUrl` is that of a superuser of the primary. `host` is where the standby listens; `close` removes it, data and all. */
export async function openStandbyPostgres(adminUrl: string) {
  const { primaryData, connections } = await withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ data: string; most: string }>(
      "SELECT current_setting('data_directory') AS data, current_setting('max_connections') AS most",
    )
    return { primaryData: rows[0]?.data ?? '', connections: rows[0]?.most ?? '100' }
  })
  removeOrphans(primaryData)
  const dataDir = `${primaryData}-standby-${process.pid}-${++opened}`
  const remove = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  try {
    await copyWhileItRuns(adminUrl, primaryData, dataDir)
    follow(adminUrl, dataDir)
    // It refuses to start with room for fewer connections than its primary.
    const settings = { fsync: 'off', max_connections: connections, wal_receiver_status_interval: '1' }
    const server = await openEmbeddedPostgres({ dataDir, settings })
    const close = async () => {
      await server.stop()
      remove()
    }
    return { host: `127.0.0.1:${server.port}`, port: server.port, adminUrl: server.url, stop: server.stop, close }
  } catch (error) {
    remove()
    throw error
  }
}

/** PostgreSQL, "Making a Base Backup Using the Low Level API": the label that comes at the end makes the copy whole. */
async function copyWhileItRuns(adminUrl: string, from: string, to: string): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    await admin.query("SELECT pg_backup_start('standby', true)")
    await execute('cp', ['-a', from, to]).catch(({ stderr }: { stderr: string }) => {
      // What goes while it is copied is made again by the log.
      const wrong = stderr.split('\n').filter((line) => line && !line.endsWith('No such file or directory'))
      if (wrong.length > 0) throw new Error(`PostgreSQL's files can't be copied: ${wrong[0]}`)
    })
    const { rows } = await admin.query<{ label: string }>('SELECT labelfile AS label FROM pg_backup_stop(false)')
    write(to, 'backup_label', rows[0]?.label ?? '')
  })
  for (const file of ['postmaster.pid', 'postmaster.opts', 'server.log']) rmSync(join(to, file), { force: true })
  const log = join(to, 'pg_wal')
  for (const one of readdirSync(log, { withFileTypes: true })) if (one.isFile()) rmSync(join(log, one.name))
}

function follow(adminUrl: string, dataDir: string): void {
  const { hostname, port, username, password } = new URL(adminUrl)
  const way = `host=${hostname} port=${port} user=${username} password=${password}`
  appendFileSync(join(dataDir, 'postgresql.auto.conf'), `primary_conninfo = '${way}'\n`)
  write(dataDir, 'standby.signal', '')
}

/** As a file of the account that owns the rest. */
function write(dataDir: string, name: string, text: string): void {
  const { uid, gid } = statSync(join(dataDir, 'PG_VERSION'))
  writeFileSync(join(dataDir, name), text, { mode: 0o600 })
  chownSync(join(dataDir, name), uid, gid)
}

/** What runs left behind that were killed. Their servers end when their files are gone. */
function removeOrphans(primaryData: string): void {
  for (const name of globSync(`${basename(primaryData)}-standby-*`, { cwd: dirname(primaryData) })) {
    const pid = Number(name.slice(basename(primaryData).length + '-standby-'.length).split('-')[0])
    if (!isAlive(pid)) rmSync(join(dirname(primaryData), name), { recursive: true, force: true })
  }
}
