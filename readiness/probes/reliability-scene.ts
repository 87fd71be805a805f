// What the probes of reliability set up by calls, and how they look at answers, rows and processes.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import type { Answer, Call, CallOptions, Person } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { red } from '../control.ts'

/** Settings under which work that is held stands still until it is released, however slow the machine. */
export const patientDatabase = { DATABASE_LOCK_TIMEOUT_MS: '20000', DATABASE_STATEMENT_TIMEOUT_MS: '20000' }

/** A client whose job is open, and a worker who may apply for it. */
export type Scene = { client: Person; worker: Person; jobId: string }

export const draft = () => ({
  title: `Moor the ferry ${randomUUID().slice(0, 8)}`,
  description: 'Before it rains.',
  category: 'operations',
  budget: { amount: 12_000, currency: 'EUR' },
})

export async function openJob({ api }: Pick<Context, 'api'>): Promise<Scene> {
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  const jobId = idOf(await client.call('POST', '/v1/jobs', { body: draft() }))
  idOf(await client.call('POST', `/v1/jobs/${jobId}/publication`))
  return { client, worker, jobId }
}

/** Answers the application's id. */
export async function apply({ worker, jobId }: Scene): Promise<string> {
  return idOf(
    await worker.call('POST', `/v1/jobs/${jobId}/applications`, { body: { coverLetter: 'I moor all weathers.' } }),
  )
}

export function accept({ client }: Pick<Scene, 'client'>, applicationId: string, options: CallOptions = {}) {
  return client.call('POST', `/v1/applications/${applicationId}/acceptance`, options)
}

function idOf(answer: Answer): string {
  if (answer.status >= 300) red('cannot-set-up', `${answer.status} ${answer.text.slice(0, 300)}`)
  return String(answer.json().id)
}

/** Lets the API open that many connections to its database, which are idle then. */
export async function growPool({ api, sql, until }: Context, size: number): Promise<void> {
  const held = await sql.hold('jobs')
  // Each asks for something else: those that ask for the same would share one read.
  const reads = Array.from({ length: size }, (_, at) => outcome(api.anonymous('GET', `/v1/jobs?limit=${at + 1}`)))
  await until('pool-does-not-grow', async () => (await held.waiting()) === size)
  await held.release()
  await Promise.all(reads)
}

/** The answer, or the error of a call that got none. */
export const outcome = (sent: Promise<Answer>): Promise<Answer | Error> => sent.catch((error: Error) => error)

/** With a breath before it: a load that takes the whole machine would measure the machine. */
export const paced = (send: () => Promise<Answer>): Promise<Answer> => delay(15).then(send)

/** Whether nobody listens any more. */
export async function isClosed(call: Call): Promise<boolean> {
  const seen = await outcome(call('GET', '/health/live'))
  return seen instanceof Error && 'code' in seen && seen.code === 'ECONNREFUSED'
}

export const hasEnded = ({ child }: Door) => child.exitCode !== null || child.signalCode !== null

export async function kill(door: Door): Promise<void> {
  door.child.kill('SIGKILL')
  await door.ended
}

/** The number that a query answers as `count`. */
export async function count({ sql }: Pick<Context, 'sql'>, query: string, values: unknown[] = []): Promise<number> {
  const [row] = await sql.admin<{ count: string }>(query, values)
  return Number(row?.count)
}

/** How many jobs of a queue are under way, and how many are done, as Redis has it. */
export async function jobsOf(url: string, queue: 'events' | 'mail'): Promise<{ active: number; completed: number }> {
  const redis = new Redis(url, { retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    const key = (part: string) => `seaworthy:${queue}:${part}`
    return { active: await redis.llen(key('active')), completed: await redis.zcard(key('completed')) }
  } finally {
    redis.disconnect()
  }
}

/** Waits for all of it, so that nothing is left running behind the first that fails. */
export async function together<T extends unknown[]>(...tasks: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(tasks)
  return (await Promise.all(tasks)) as T
}
