import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { inSpan, SpanKind } from '../lib/spans.ts'
import { stopWhenGivenUp, wasCancelled } from './cancel.ts'
import type { Connections } from './connections.ts'
import { databaseFailure, isReadOnly, isTiming } from './failures.ts'

const attempts = 3

type Work<T> = (client: pg.PoolClient) => Promise<T>

/** See Database.transaction. A client whose state is in doubt is destroyed, never given back. */
export async function runTransaction<T>(connections: Connections, work: Work<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inSpan('transaction', { kind: SpanKind.INTERNAL }, () => once(connections, work))
    } catch (error) {
      if (attempt === attempts || !isTiming(error)) throw error
      await delay(Math.random() * 20 * attempt)
    }
  }
}

async function once<T>(connections: Connections, work: Work<T>): Promise<T> {
  const client = await connections.connect().catch((error) => Promise.reject(databaseFailure(error)))
  let ended = false
  try {
    await control(client, 'BEGIN')
    const result = await work(client)
    stopWhenGivenUp()
    const answer = await control(client, 'COMMIT')
    ended = true
    // COMMIT of a transaction that an error aborted answers ROLLBACK, and reports no error.
    if (answer !== 'COMMIT')
      throw new Error('Nothing was written: an SQL error inside the transaction was caught and hidden')
    return result
  } catch (error) {
    // A new connection may lead to the server that takes writes.
    if (!ended) ended = !isReadOnly(error) && (await rolledBack(client))
    throw error
  } finally {
    client.release(!ended || wasCancelled(client))
  }
}

async function control(client: pg.PoolClient, statement: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<string> {
  try {
    return (await client.query(statement)).command
  } catch (error) {
    throw databaseFailure(error)
  }
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    return (await control(client, 'ROLLBACK')) === 'ROLLBACK'
  } catch {
    return false
  }
}
