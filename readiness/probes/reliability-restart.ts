// A rolling restart under load, and a worker that is told to stop in the middle of a job.
import type { Context } from '../context/context.ts'
import type { Answer, Person } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { apply, count, draft, isClosed, jobsOf, openJob, outcome, paced, together } from './reliability-scene.ts'
import { openEdge, placeOf } from './rolling-edge.ts'

export async function restartsWithoutLoss(context: Context): Promise<Evidence> {
  const { api, server, startApi, load } = context
  const [second, person, workerEnd] = await together(startApi(), api.as('client'), finishesItsJob(context))
  const edge = await openEdge(context, [server, second])
  const { withToken } = edge
  const loads: ReturnType<typeof load>[] = []
  const stop = async () => (await Promise.all(loads.splice(0).map((one) => one.stop()))).flat()
  try {
    loads.push(load(() => paced(() => withToken('')('GET', '/v1/jobs?limit=5')), 3))
    loads.push(load(() => paced(() => withToken(person.token)('POST', '/v1/jobs', { body: draft() })), 3))
    const codes: number[] = []
    for (const old of [server, second]) {
      codes.push(await stopInGoodOrder(context, old, person))
      await startApi(placeOf(old))
    }
    const outcomes = await stop()
    const lost = outcomes.filter((one) => one instanceof Error || one.status >= 300)
    if (lost.length > 0) red('request-lost', `${lost.length} of ${outcomes.length}, such as ${told(lost[0])}`)
    return { requests: outcomes.length, lost: lost.length, exitCodes: codes, workerExitCode: workerEnd }
  } finally {
    await stop()
    await edge.close()
  }
}

const told = (one: Answer | Error | undefined) =>
  one instanceof Error ? one.message : `${one?.status} ${one?.text.slice(0, 200)}`

/** Unready first, while it still serves; then the request in flight is answered; then it ends. Answers the exit code. */
async function stopInGoodOrder({ apiAt, sql, until }: Context, door: Door, { token }: Person): Promise<number> {
  const { anonymous, withToken } = apiAt(door.url)
  const held = await sql.hold('notifications')
  const inFlight = outcome(withToken(token)('GET', '/v1/me/notifications'))
  await until('not-in-flight', async () => (await held.waiting()) > 0)
  door.child.kill('SIGTERM')
  await door.until(/"msg":"stopping"/)
  // More than once, or the moment before a listener closes would be taken for a drain.
  for (let turn = 0; turn < 5; turn++) {
    const ready = await outcome(anonymous('GET', '/health/ready'))
    if (ready instanceof Error || ready.status !== 503) return red('not-unready-first', told(ready))
    if (ready.field('connection') !== 'close') red('connections-kept', String(ready.field('connection')))
  }
  await until('listener-stays-open', () => isClosed(anonymous))
  await held.release()
  const answer = await inFlight
  if (answer instanceof Error || answer.status !== 200) red('in-flight-cut-off', told(answer))
  return exitOf(door, until)
}

/** A worker that is told to stop while it has a job under way. Answers the exit code. */
async function finishesItsJob(context: Context): Promise<number> {
  const { sql, redis, startWorker, until } = context
  const [worker, scene] = await together(startWorker({ DRAIN_MS: '0' }), openJob(context))
  const held = await sql.hold('notifications')
  await apply(scene)
  await until('job-not-begun', async () => (await held.waiting()) > 0)
  worker.child.kill('SIGTERM')
  // It closes in turn: when its relay has gone, an impatient one would leave its jobs next.
  const relays = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
  await until('worker-does-not-stop', async () => (await count(context, relays)) === 0)
  await held.release()
  const code = await exitOf(worker, until)
  const toldOf = 'SELECT count(*) FROM notifications WHERE user_id = $1'
  if ((await count(context, toldOf, [scene.client.id])) !== 1) red('job-not-finished')
  const { active, completed } = await jobsOf(redis.url, 'events')
  if (active !== 0 || completed !== 1) red('job-left-behind', `${active} active, ${completed} completed`)
  return code
}

/** Inside the grace period, which is ten seconds. */
async function exitOf({ child, said }: Door, until: Context['until']): Promise<number> {
  await until('does-not-end', () => child.exitCode !== null || child.signalCode !== null, { within: 12_000 })
  if (child.exitCode !== 0) red('exit-code', `${child.exitCode ?? child.signalCode}: ${said().slice(-300)}`)
  return 0
}
