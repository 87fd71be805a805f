// Moves events from the outbox to the queue: woken by NOTIFY over a connection of its own, swept by a timer for what that missed.
import pg from 'pg'
import type { Database } from './client.ts'
import { claimEvents, type OutboxEvent, outboxChannel, unclaimEvent } from './outbox.ts'

type Options = {
  db: Database
  /** Of a direct connection, asked for each: LISTEN does not work through a pooler in transaction mode. */
  url: () => string
  publish: (event: OutboxEvent) => Promise<void>
  /** Milliseconds between sweeps. */
  every: number
  /** Milliseconds after which an event without recorded effect is published again. */
  retryAfter: number
  onError: (error: unknown) => void
}

const batch = 100

/** Starts at once. `close` ends it after the batch under way. Any number of relays may run beside each other. */
export function startRelay({ db, url, publish, every, retryAfter, onError }: Options) {
  let closed = false
  let wanted = false
  let running: Promise<void> | undefined
  let listener: pg.Client | undefined

  const timer = setInterval(wake, every)
  wake()

  return {
    async close() {
      closed = true
      clearInterval(timer)
      await running
      await listener?.end().catch(onError)
    },
  }

  function wake() {
    wanted = true
    running ??= run().finally(() => {
      running = undefined
      if (wanted && !closed && listener) wake()
    })
  }

  async function run() {
    try {
      // Without its listener the relay still sweeps.
      if (!listener) await listen().catch(onError)
      while (wanted && !closed) {
        wanted = false
        if ((await relayBatch()) === batch) wanted = true
      }
    } catch (error) {
      onError(error)
    }
  }

  async function relayBatch(): Promise<number> {
    const events = await db.transaction((tx) => claimEvents(tx, batch, retryAfter))
    // No two are of one aggregate, so none has to come before another.
    const outcomes = await Promise.allSettled(events.map(publish))
    const failed: unknown[] = []
    for (const [at, event] of events.entries()) {
      const outcome = outcomes[at]
      if (outcome?.status !== 'rejected') continue
      failed.push(outcome.reason)
      await unclaimEvent(db, event)
    }
    if (failed.length > 0) throw failed[0]
    return events.length
  }

  async function listen() {
    const client = new pg.Client({
      connectionString: url(),
      application_name: 'seaworthy-relay',
      keepAlive: true,
      connectionTimeoutMillis: 2000,
      query_timeout: 5000,
    })
    client.on('error', onError)
    client.on('end', () => {
      if (listener === client) listener = undefined
    })
    client.on('notification', wake)
    try {
      await client.connect()
      await client.query(`LISTEN ${outboxChannel}`)
      listener = client
    } catch (error) {
      await client.end().catch(() => {})
      throw error
    }
  }
}
