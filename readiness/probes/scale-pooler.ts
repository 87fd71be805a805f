// The whole service by way of PgBouncer in transaction mode, where many clients share few connections from one transaction to the next.
import pg from 'pg'
import { openPgbouncer } from '../../tools/pgbouncer.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { contractOf, funded, parties } from './money-scene.ts'
import { apply, count, openJob, outcome } from './reliability-scene.ts'
import { limitsHoldInThePooler } from './scale-pooler-limits.ts'
import { make } from './scene.ts'

/** Connections to the database, and clients that share them. */
const [connections, clients] = [3, 12]

export async function worksThroughThePooler(context: Context): Promise<Evidence> {
  const { env, tree, startApi, startWorker, apiAt, payments } = context
  const direct = String(env.DATABASE_URL)
  const limits = await limitsHoldInThePooler(context)
  const pooler = await openPgbouncer({ url: direct, tree, connections })
  try {
    const statements = await namedStatementsWork(pooler.url)
    const through = { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct }
    const [door] = await Promise.all([startApi(through), startWorker(through)])
    payments.sendWebhooks({ url: `${door.url}/v1/webhooks/payments` })
    const pooled = Object.defineProperty(Object.create(context), 'api', { value: apiAt(door.url) }) as Context
    await eventsAreTold(pooled)
    await locksEnd(pooled)
    const answers = await manyAtOnce(pooled)
    const contract = await moneyMoves(pooled)
    return { ...limits, statements, answers, contract, ...(await sharing(pooler.adminUrl)) }
  } finally {
    await pooler.close()
  }
}

/** Clients take turns on connections that have prepared none of their statements. */
async function namedStatementsWork(url: string): Promise<number> {
  const all = Array.from({ length: clients }, () => new pg.Client({ connectionString: url, query_timeout: 10_000 }))
  for (const client of all) client.on('error', () => {})
  const ask = async (client: pg.Client, at: number) => {
    for (let turn = 0; turn < 10; turn++) {
      const { rows } = await client.query({ name: 'asked', text: `SELECT ${at} AS at, pg_sleep(0.002)` })
      if (rows[0]?.at !== at) red('named-statement-fails', `another one's: ${rows[0]?.at} for ${at}`)
    }
  }
  try {
    await Promise.all(all.map((client) => client.connect()))
    await Promise.all(all.map(ask)).catch((error: Error & { code?: string }) => {
      if (/^(26000|42P05)$/.test(error.code ?? '')) red('named-statement-fails', error.message)
      if (error.message.includes('query_wait_timeout')) red('pool-is-full', error.message)
      throw error
    })
    return clients * 10
  } finally {
    await Promise.allSettled(all.map((client) => client.end()))
  }
}

/** The relay is woken: its next sweep is far away. */
async function eventsAreTold(context: Context): Promise<void> {
  const scene = await openJob(context)
  await apply(scene)
  const mine = 'SELECT count(*) FROM notifications WHERE user_id = $1'
  await context.until('not-woken', async () => (await count(context, mine, [scene.client.id])) === 1, {
    within: 15_000,
  })
}

/** Locks end with their transaction: one of a session would stay with a connection that others use. */
async function locksEnd(context: Context): Promise<void> {
  const { api, until } = context
  const { email } = await api.as('client')
  const asked = await api.anonymous('POST', '/v1/auth/magic-links', { body: { email } })
  const locks = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
  await until('lock-left-behind', async () => (await count(context, locks)) === 0, { within: 5000 })
  // Looked at last: one that waits for such a lock is refused too.
  if (asked.status !== 202) red('cannot-set-up', `${asked.status} ${asked.text.slice(0, 200)}`)
}

async function manyAtOnce({ api }: Context): Promise<number> {
  const person = await api.as('client')
  const paths = ['/v1/me', '/v1/me/sessions', '/v1/me/notifications', '/v1/jobs?limit=7', '/v1/slugs/nobody-has-this']
  const sent = Array.from({ length: 60 }, (_, at) => outcome(person.call('GET', paths[at % paths.length] ?? '')))
  for (const one of await Promise.all(sent))
    if (one instanceof Error || one.status >= 300)
      red('call-fails', one instanceof Error ? one.message : `${one.status} ${one.text.slice(0, 200)}`)
  return sent.length
}

/** Paid into escrow, delivered, approved, as far as a contract goes before its buffer is over. */
async function moneyMoves(context: Context): Promise<string> {
  const both = await parties(context)
  const part = await funded(both)
  await make(both.worker.call, 'deliverWork', { part })
  await make(both.client.call, 'approveWork', { part })
  return (await contractOf(both.client.call, part)).status
}

/** What PgBouncer says of its clients and connections. */
async function sharing(url: string): Promise<Evidence> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    const { rows } = await admin.query('SHOW POOLS')
    const pool = rows.find(({ database }) => database !== 'pgbouncer')
    const [own, shared] = [
      Number(pool?.cl_active) + Number(pool?.cl_waiting),
      Number(pool?.sv_active) + Number(pool?.sv_idle),
    ]
    if (pool?.pool_mode !== 'transaction') red('not-in-transaction-mode', String(pool?.pool_mode))
    if (shared > connections || own <= shared) red('not-shared', `${own} clients on ${shared} connections`)
    return { poolerClients: own, poolerConnections: shared }
  } finally {
    await admin.end()
  }
}
