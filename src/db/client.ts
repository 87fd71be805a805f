import pg from 'pg'
import { inSpan, isRecorded, SpanKind } from '../lib/spans.ts'
import { runStatement, wasCancelled } from './cancel.ts'
import { putOff } from './committed.ts'
import { type Connections, tryRested } from './connections.ts'
import { drizzle } from './drizzle.ts'
import { databaseFailure, isAway, isReadOnly } from './failures.ts'
import { renewable } from './renewal.ts'
import { runTransaction } from './transaction.ts'

type Orm = ReturnType<typeof drizzle>

/** Runs queries: the database itself, or one transaction on it. Repositories take it first. */
export type Tx = Omit<Orm, 'transaction' | '$client'>
export type Readable = Tx & {
  /** For statements of many shapes, such as a search with filters: each is planned for its values, and none is kept prepared. */
  unnamed: Tx
}
export type Database = Readable & {
  /**
   * Runs `work` in one transaction: all of it is kept, or none. Work that fails for a reason of timing (SQLSTATE 40001, 40P01)
   * runs again, so it must do nothing but SQL. Don't catch an SQL error inside it: the transaction is already lost.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Lets new connections take the place of all there are. */
  renew(): Promise<void>
}

type Options = {
  url: string
  poolMax: number
  connectTimeout: number
  statementTimeout: number
  lockTimeout: number
  idleTransactionTimeout: number
  connectionLifetime: number
  /** Whether it may take no writes: a standby. */
  readOnly?: boolean
}

/** Opens the pool. It connects when it is first asked; an idle connection that breaks is reported to `onError` and replaced. */
export function openDatabase(options: Options, onError: (error: Error) => void) {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'seaworthy',
    max: options.poolMax,
    connectionTimeoutMillis: options.connectTimeout,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: Math.ceil(options.connectionLifetime / 1000),
    statement_timeout: options.statementTimeout,
    lock_timeout: options.lockTimeout,
    idle_in_transaction_session_timeout: options.idleTransactionTimeout,
    // The client's own clock comes last: it is for a server that no longer answers at all.
    query_timeout: options.statementTimeout + 1000,
    keepAlive: true,
  })
  pool.on('error', onError)
  // The pool listens to a connection while it is idle. One that breaks in use would end the process; here its query fails.
  pool.on('connect', (client) => client.on('error', () => {}))

  const connections = renewable(pool, tryRested(pool, options.readOnly))
  const transaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    let afterwards = () => {}
    const result = await runTransaction(connections, (client) => {
      const tx = ormOf(client)
      afterwards = putOff(tx)
      return work(tx)
    })
    afterwards()
    return result
  }
  // pool.query() would close its connection on every SQL error; this one comes back unless it is in doubt.
  const send: Send = (config, values) => withClient(connections, (client) => runStatement(client, config, values))
  const db: Database = Object.assign(readableOver(send), { transaction, renew: connections.renew })

  return {
    db,
    send,
    /** New connections go there, and sign in so, from now on; those that there are stay. */
    connectTo: (url: string) => {
      pool.options.connectionString = url
    },
    use: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, max: options.poolMax }),
    close: () => pool.end(),
  }
}

async function withClient<T>(connections: Connections, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connections.connect()
  let doubt = false
  try {
    return await work(client)
  } catch (error) {
    doubt = isAway(error) || isReadOnly(error)
    throw error
  } finally {
    client.release(doubt || wasCancelled(client))
  }
}

const orms = new WeakMap<pg.PoolClient, Tx>()

function ormOf(client: pg.PoolClient): Tx {
  let orm = orms.get(client)
  if (!orm) {
    orm = ormOver((config, values) => runStatement(client, config, values))
    orms.set(client, orm)
  }
  return orm
}

type Query = { text: string; name?: string }
/** Runs one statement; rejects as the driver does. */
export type Send = (config: Query, values: unknown[]) => Promise<unknown>

/** What reads by statements that go wherever `send` takes them. */
export function readableOver(send: Send): Readable {
  return Object.assign(ormOver(send), { unnamed: ormOver(send, (config) => config) })
}

/** drizzle needs of its client nothing but query(): this is the seam where statements get their names and failures their meaning. */
function ormOver(send: Send, prepare = named): Orm {
  const query = async (config: Query, values: unknown[]) => {
    try {
      const run = () => send(prepare(config), values)
      return await (isRecorded() ? inSpan(...spanOf(config.text), run) : run())
    } catch (error) {
      throw databaseFailure(error)
    }
  }
  return drizzle({ query } as unknown as pg.Pool)
}

const names = new Map<string, string>()

// A statement is prepared under a name, so that the server parses it once a connection: 1.7 times as fast. Texts come from code,
// never from values, and those of many shapes go by `unnamed`, so there are few; past the bound a text simply goes without.
function named(config: Query): Query {
  let name = names.get(config.text)
  if (!name && names.size < 500) {
    name = `s${names.size}`
    names.set(config.text, name)
  }
  return name ? { ...config, name } : config
}

type SpanOf = [name: string, about: { kind: SpanKind; attributes: Record<string, string> }]
const spans = new Map<string, SpanOf>()

/** Of a statement, made once for each text. Values are parameters, so a text has none. */
function spanOf(text: string): SpanOf {
  const known = spans.get(text)
  if (known) return known
  const [, operation = 'SQL'] = /^\s*(\w+)/.exec(text) ?? []
  const [, table] = /\b(?:from|into|update)\s+(?:only\s+)?"?(\w+)"?/i.exec(text) ?? []
  const verb = operation.toUpperCase()
  const attributes = {
    'db.system.name': 'postgresql',
    'db.operation.name': verb,
    'db.query.text': text.slice(0, 2000),
    ...(table && { 'db.collection.name': table }),
  }
  const made: SpanOf = [[verb, table].filter(Boolean).join(' '), { kind: SpanKind.CLIENT, attributes }]
  if (spans.size < 500) spans.set(text, made)
  return made
}
