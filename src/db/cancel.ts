// Stops statements whose request was given up: nobody waits for them, and they hold connections and locks that others need.
import type { Socket } from 'node:net'
import pg from 'pg'
import { currentSignal } from '../lib/deadline.ts'

/** Milliseconds that the server may take to hear of it. */
const patience = 2000
const cancelled = new WeakSet<pg.ClientBase>()

/** Whether it must not be used again: a cancel request that arrives late would hit the next statement. */
export const wasCancelled = (client: pg.ClientBase) => cancelled.has(client)

/** Throws when the present request has been given up. */
export const stopWhenGivenUp = () => currentSignal()?.throwIfAborted()

/** Runs a statement, unless its request has been given up; one that is under way then is cancelled at the server. */
export async function runStatement(client: pg.ClientBase, config: pg.QueryConfig, values: unknown[]) {
  const signal = currentSignal()
  if (!signal) return client.query(config, values)
  signal.throwIfAborted()
  const cancel = () => cancelAtServer(client)
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await client.query(config, values)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

// What pg has for the protocol's CancelRequest, and its types leave out.
type Protocol = pg.ClientBase & {
  host: string
  port: number
  processID: number
  secretKey: number
  connection: {
    stream: Socket
    on(event: 'connect' | 'error', listener: () => void): void
    connect(port: number | string, host: string): void
    cancel(processID: number, secretKey: number): void
  }
}

/** Over a connection of its own, since the first one is busy; where that fails, `statement_timeout` ends the statement. */
function cancelAtServer(client: pg.ClientBase): void {
  const { host, port, processID, secretKey } = client as Protocol
  const { connection } = new pg.Client({ host, port }) as unknown as Protocol
  connection.on('error', () => {})
  connection.on('connect', () => connection.cancel(processID, secretKey))
  connection.stream.setTimeout(patience, () => connection.stream.destroy())
  cancelled.add(client)
  connection.connect(host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : port, host)
}
