// Tries a connection that has rested before it is used again: what stands between may have forgotten it without a word, and its
// server may have become one that takes no writes (a failover). Without it the first request on it waits in vain, or is refused.
import type pg from 'pg'

export type Connections = { connect(): Promise<pg.PoolClient> }

/** Milliseconds after which it counts as rested: at work nobody pays for this. */
const rest = 2000
/** Milliseconds that a server may take to answer. */
const patience = 500

/** `readOnly`: one that takes no writes is good too. */
export function tryRested(pool: pg.Pool, readOnly = false): Connections {
  const given = new WeakMap<pg.PoolClient, number>()
  pool.on('release', (_error, client) => given.set(client, performance.now()))

  return { connect }

  /** Rejects as the pool does. A new connection is taken as it is, also by a read-only server: there may be no other. */
  async function connect(): Promise<pg.PoolClient> {
    // Where one no longer leads anywhere, others that rested as long are dropped unasked.
    for (let lost = false; ; lost = true) {
      const client = await pool.connect()
      if (!hasRested(client)) return client
      if (!lost && (await isGood(client, readOnly))) return client
      client.release(true)
    }
  }

  function hasRested(client: pg.PoolClient): boolean {
    const at = given.get(client)
    return at !== undefined && performance.now() - at > rest
  }
}

async function isGood(client: pg.PoolClient, readOnly: boolean): Promise<boolean> {
  try {
    const asked = { text: 'SHOW transaction_read_only', query_timeout: patience }
    const { rows } = await client.query<{ transaction_read_only: string }>(asked)
    return readOnly || rows[0]?.transaction_read_only === 'off'
  } catch {
    return false
  }
}
