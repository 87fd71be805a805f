// Limits of time by way of PgBouncer: what a client says when it connects is lost there, what its login has (stores/logins.sql) holds.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { withClient } from '../../tools/create-database.ts'
import { openPgbouncer } from '../../tools/pgbouncer.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

/** Milliseconds, far above a tenth of each limit of the login. */
const patience = 4000

export async function limitsHoldInThePooler(context: Context): Promise<Evidence> {
  const { tree } = context
  const url = String(context.env.DATABASE_URL)
  const limits = limitsOfLogin(tree, new URL(url).pathname.slice(1))
  await withClient(url, (login) => login.query(limits.set))
  const pooler = await openPgbouncer({ url, tree, connections: 3 })
  // The one that holds the lock has a connection of its own, so that its own limits count.
  const holder = openClient(url)
  const [waiter, sleeper, idler] = [openClient(pooler.url), openClient(pooler.url), openClient(pooler.url)]
  const all = [holder, waiter, sleeper, idler]
  try {
    await Promise.all(all.map((client) => client.connect()))
    // An error comes before it, by which events.once would reject.
    const over = new Promise<boolean>((settle) => idler.once('end', () => settle(true)))
    const ended = Promise.race([over, delay(patience, false, { ref: false })])
    await Promise.all([idler.query('BEGIN'), holder.query('BEGIN; SELECT pg_advisory_xact_lock(1)')])
    const [statement, lock] = await Promise.all([
      refusalOf(sleeper, `SELECT pg_sleep(${patience / 1000})`),
      refusalOf(waiter, 'SELECT pg_advisory_xact_lock(1)'),
    ])
    if (statement !== '57014') red('statement-goes-on', statement)
    if (lock !== '55P03') red('wait-for-a-lock-goes-on', lock)
    if (!(await ended)) red('idle-transaction-goes-on')
    return { limitsByLogin: limits.names }
  } finally {
    await Promise.allSettled(all.map((client) => client.end()))
    await pooler.close()
    await withClient(url, (login) => login.query(limits.reset))
  }

  function openClient(connectionString: string) {
    // What the service says too, of which nothing may come in the pooler.
    const said = { statement_timeout: 60_000, lock_timeout: 60_000, idle_in_transaction_session_timeout: 60_000 }
    return new pg.Client({ connectionString, ...said }).on('error', () => {})
  }
}

/** The file's own lines, for one database and a tenth of the time. A login may give them to itself. */
function limitsOfLogin(tree: string, database: string) {
  const lines = readFileSync(join(tree, 'stores/logins.sql'), 'utf8').matchAll(
    /^ALTER ROLE (\w+) SET (\w+) = '(\d+)s';$/gm,
  )
  const inDatabase = `IN DATABASE ${pg.escapeIdentifier(database)}`
  const all = [...lines].map(([, login = '', name = '', seconds]) => ({
    login,
    name,
    time: `${Number(seconds) * 100}ms`,
  }))
  return {
    names: all.map(({ name }) => name),
    set: all.map(({ login, name, time }) => `ALTER ROLE ${login} ${inDatabase} SET ${name} = '${time}';`).join('\n'),
    reset: `ALTER ROLE CURRENT_USER ${inDatabase} RESET ALL`,
  }
}

/** The code by which the database ends it. */
function refusalOf(client: pg.Client, text: string): Promise<string> {
  return client.query(text).then(
    () => 'it went through',
    (error: Error & { code?: string }) => error.code ?? error.message,
  )
}
