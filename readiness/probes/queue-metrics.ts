// QUE-04: jobs that wait, run, fail, are tried again and die, each time seen in what the worker tells of its queues.
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { isConfirmed } from './mail-scene.ts'
import { growthOf, samplesOf, sumOf } from './observability-samples.ts'

const [attempts, waiters, seconds] = [3, 3, 0.6]
/** One job at a time, and time enough to see it. */
export const oneByOne = {
  WORKER_CONCURRENCY: '1',
  QUEUE_ATTEMPTS: String(attempts),
  QUEUE_BACKOFF_MS: '50',
  OUTBOX_RETRY_MS: '60000',
  QUEUE_LOCK_MS: '10000',
  DATABASE_LOCK_TIMEOUT_MS: '20000',
  DATABASE_STATEMENT_TIMEOUT_MS: '20000',
}

export async function queuesAreSeen(context: Context) {
  const { api, workers, until } = context
  const [client, worker] = [await api.as('client'), await api.as('worker')]
  await isConfirmed(context, [client, worker])
  const now = async (name: string, labels: Record<string, string>) =>
    sumOf(await samplesOf(context, ...workers), `seaworthy_queue_${name}`, labels)
  await until('no-depth', async () => (await now('workers', { queue: 'events' })) >= 1, { within: 3000 })
  return { ...(await theyWait()), ...(await theyFail()) }

  /** The first stands still at a table, and the others behind it. */
  async function theyWait() {
    const { sql } = context
    const untold = "SELECT FROM outbox WHERE kind = 'application.submitted' AND handled_at IS NULL"
    const grown = await growthOf(context, ...workers)
    const held = await sql.hold('notifications')
    for (let turn = 0; turn < waiters; turn++) await apply(worker, await openJob(client))
    const depth = (state: string) => now('jobs', { queue: 'events', state })
    await until(
      'depth-does-not-move',
      async () => (await depth('active')) === 1 && (await depth('waiting')) === waiters - 1,
    )
    const age = () => now('oldest_waiting_seconds', { queue: 'events' })
    const oldest = await until(
      'age-does-not-move',
      async () => {
        const seen = await age()
        return seen > seconds && seen
      },
      { within: 4000 },
    )
    await held.release()
    await until('never-told', async () => (await sql.owner(untold)).length === 0)
    await until('depth-stays', async () => (await depth('active')) + (await depth('waiting')) === 0, { within: 4000 })
    if ((await age()) !== 0) red('age-stays', String(await age()))

    const waited = (part: string) => grown(`seaworthy_queue_wait_duration_seconds_${part}`, { queue: 'events' })
    const ran = (part: string) =>
      grown(`seaworthy_queue_run_duration_seconds_${part}`, { queue: 'events', outcome: 'success' })
    await until('run-not-measured', async () => (await ran('count')) >= waiters, { within: 2000 })
    if ((await waited('count')) !== waiters) red('wait-not-measured', `${await waited('count')} of ${waiters}`)
    if ((await waited('sum')) < oldest) red('wait-not-measured', `${await waited('sum')} s`)
    if ((await ran('sum')) < seconds || (await ran('count')) > waiters)
      red('run-not-measured', `${await ran('count')} in ${await ran('sum')} s`)
    return { waiting: waiters - 1, oldest, waitedInAll: await waited('sum'), ranInAll: await ran('sum') }
  }

  /** A mail that is refused at each try. */
  async function theyFail() {
    const { mail, logs } = context
    const queue = 'mail'
    const grown = await growthOf(context, ...workers)
    mail.refuse((address) => (address === worker.email ? 'no room in this mailbox' : undefined))
    await accept(client, await apply(worker, await openJob(client)))
    await until('never-given-up', () => logs.lines().some(({ msg }) => msg === 'a job is a dead letter'))
    const of = {
      failures: await grown('seaworthy_queue_run_duration_seconds_count', { queue, outcome: 'failure' }),
      retries: await grown('seaworthy_queue_retries_total', { queue }),
      deaths: await grown('seaworthy_queue_dead_total', { queue }),
      kept: await now('jobs', { queue, state: 'failed' }),
      deadLetters: sumOf(await samplesOf(context, ...workers), 'seaworthy_dead_letters'),
    }
    if (of.failures !== attempts) red('failures-not-counted', `${of.failures} of ${attempts}`)
    if (of.retries !== attempts - 1) red('retries-not-counted', `${of.retries} of ${attempts - 1}`)
    if (of.deaths !== 1) red('deaths-not-counted', String(of.deaths))
    if (of.kept !== 1) red('failed-not-counted', String(of.kept))
    if (of.deadLetters !== 1) red('dead-letters-not-counted', String(of.deadLetters))
    return of
  }
}
