// Replaces connections while the pool is in use: what a connection was made with, such as being read-only, stays with it.
import type pg from 'pg'
import type { Connections } from './connections.ts'

export function renewable(pool: pg.Pool, connections: Connections) {
  const madeIn = new WeakMap<pg.PoolClient, number>()
  let generation = 0
  pool.on('connect', (client) => madeIn.set(client, generation))

  return { connect, renew }

  async function connect(): Promise<pg.PoolClient> {
    const client = await connections.connect()
    const { release } = client
    client.release = (doubt) => release(doubt || madeIn.get(client) !== generation)
    return client
  }

  /** Closes the connections that are idle now, and each of the others when its work is done. */
  async function renew(): Promise<void> {
    generation++
    const idle = Array.from({ length: pool.idleCount }, () => pool.connect().then((client) => client.release(true)))
    await Promise.allSettled(idle)
  }
}
