// What waits on the desk of an operator, planted by SQL: a dead letter takes all its tries to come to be.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'

/**
 * A dead letter of an event that will be told once it is put back, to somebody of nobody's concern; answers its id. The kind is that of
 * one probe, so that none puts back what another looks at.
 */
export async function deadLetter({ api, sql }: Context, kind: 'review.given' | 'review.answered'): Promise<string> {
  const { id: subjectId } = await api.as('worker')
  const id = randomUUID()
  const [contractId, jobId, clientId] = [randomUUID(), randomUUID(), randomUUID()]
  const payload = { contractId, jobId, jobTitle: 'Paint it', clientId, workerId: subjectId, subjectId }
  const made = await sql.owner(
    `INSERT INTO outbox (id, aggregate, kind, payload, published_at, dead_at, error)
     VALUES ($1, $2, $3, $4, now(), now(), 'planted') RETURNING id`,
    [id, `contract:${contractId}`, kind, payload],
  )
  return made.length === 1 ? id : red('cannot-set-up', 'no dead letter')
}
