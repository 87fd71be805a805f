// Events that must arrive whatever dies: the API after its commit, a worker between its claim and the queue.

import { openLink } from '../../tools/link.ts'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { red } from '../control.ts'
import { apply, openJob, withdraw } from './data-journey.ts'

type Event = { id: string; published_at: Date | null; handled_at: Date | null }
type People = Awaited<ReturnType<typeof signUp>>

// Fails after everything was written, when the transaction commits.
const refuseCommit = `
  CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
  CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON applications DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_commit()`

export async function tellWhateverDies(context: Context) {
  await using opened = new AsyncDisposableStack()
  const way = opened.adopt(await openLink(Number(new URL(context.redis.url).port)), (link) => link.close())
  const [people, victim] = await Promise.all([signUp(context), context.startApi()])
  await leaveNoEventWithoutChange(context, people)

  const committed = await killAfterCommit(context, people, victim)
  const worker = await context.startWorker({ REDIS_URL: `redis://127.0.0.1:${way.port}` })
  const toldAfterKillOfApi = await told(context, committed, 'lost-after-commit')

  // What a stopped Redis holds in its sockets it would still read later: a held link keeps it from ever getting there.
  way.hold()
  const claimed = await killAfterClaim(context, people, worker)
  await context.startWorker()
  const toldAfterKillOfWorker = await told(context, claimed, 'lost-after-claim')

  await keepOrder(context, people)
  return { toldAfterKillOfApi, toldAfterKillOfWorker, order: 'kept' }
}

async function signUp({ api }: Context) {
  const [client, worker, other] = await Promise.all([api.as('client'), api.as('worker'), api.as('worker')])
  return { client, worker, other }
}

async function leaveNoEventWithoutChange({ sql }: Context, { client, worker }: People) {
  const job = await openJob(client)
  await sql.owner(refuseCommit)
  const body = { coverLetter: 'Never committed.' }
  const { status } = await worker
    .call('POST', `/v1/jobs/${job}/applications`, { body })
    .finally(() => sql.owner('DROP FUNCTION refuse_commit CASCADE'))
  if (status < 500) red('nothing-failed', String(status))
  const events = await sql.owner("SELECT FROM outbox WHERE payload->>'jobId' = $1", [job])
  if (events.length > 0) red('event-without-change')
}

/** No worker is there yet. Answers the application. */
async function killAfterCommit(context: Context, { client, worker }: People, api: Door): Promise<string> {
  const job = await openJob(client)
  const application = await apply({ call: context.apiAt(api.url).withToken(worker.token) }, job)
  api.child.kill('SIGKILL')
  await api.ended
  if ((await eventOf(context, application)).published_at) red('published-by-nobody')
  return application
}

async function killAfterClaim(context: Context, { client, worker }: People, claiming: Door): Promise<string> {
  const application = await apply(worker, await openJob(client))
  await context.until('never-claimed', async () => (await eventOf(context, application)).published_at)
  claiming.child.kill('SIGKILL')
  await claiming.ended
  return application
}

/** While the first event of an application stands still in its handler, the second is not published; that of another one is. */
async function keepOrder(context: Context, { client, worker, other }: People) {
  const { sql, until } = context
  const job = await openJob(client)
  const held = await sql.hold('notifications')
  const application = await apply(worker, job)
  await until('never-begun', async () => (await held.waiting()) > 0)
  await withdraw(worker, application)
  const later = await apply(other, job)
  await until('never-published', async () => (await eventOf(context, later)).published_at)
  if ((await eventOf(context, application, 'withdrawn')).published_at) red('out-of-order')
  await held.release()
  await told(context, application, 'never-told', 'withdrawn')
}

async function eventOf({ sql }: Context, application: string, kind = 'submitted'): Promise<Event> {
  const [event] = await sql.owner<Event>(
    "SELECT id, published_at, handled_at FROM outbox WHERE payload->>'applicationId' = $1 AND kind = $2",
    [application, `application.${kind}`],
  )
  return event ?? red('no-event', `application.${kind}`)
}

/** Answers how many notifications tell of the event, once it has had its effect. */
async function told(context: Context, application: string, reason: string, kind = 'submitted'): Promise<number> {
  const { id } = await context.until(reason, async () => {
    const event = await eventOf(context, application, kind)
    return event.handled_at && event
  })
  const { length } = await context.sql.owner('SELECT FROM notifications WHERE event_id = $1', [id])
  if (length !== 1) red('not-told-once', `${length} notifications`)
  return length
}
