// A mail server that refuses: how often, and how long after each other, the jobs are tried.
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { isConfirmed, mailsTo } from './mail-scene.ts'

type Settings = { attempts: number; backoff: number }

/** `backoff` is the first wait in milliseconds: each later one is twice as long, less up to half of it at random. */
export async function retryLater(context: Context, { attempts, backoff }: Settings) {
  const { api, mail, logs, until } = context
  const [client, ...workers] = await Promise.all([api.as('client'), ...[1, 2, 3, 4, 5].map(() => api.as('worker'))])
  const [chosen] = workers
  await isConfirmed(context, [client, ...workers])
  let refusals = 2
  // One is let through at the third try, all others never.
  mail.refuse((address) => (address === chosen?.email && refusals-- <= 0 ? undefined : 'no room in this mailbox'))
  const job = await openJob(client)
  const [application = ''] = await Promise.all(workers.map((worker) => apply(worker, job)))
  await accept(client, application)

  await until('not-delivered-at-last', () => mailsTo(mail, chosen?.email ?? '').length > 0)
  // The log says of each job when it failed, and then that it is dead.
  const failing = await until('never-given-up', () => {
    const lines = logs.lines()
    const failures = failuresByEvent(lines)
    const dead = lines.filter(({ msg }) => msg === 'a job is a dead letter')
    const tooOften = failures.some((times) => times.length > attempts)
    return (dead.length >= workers.length - 1 || tooOften) && failures.filter((times) => times.length > 2)
  })

  const waits = failing.map((times) => times.slice(1).map((time, index) => time - (times[index] ?? 0)))
  // Of its full length; less than half is none that the backoff asks for, whatever the machine is busy with.
  const parts = waits.map((those) => those.map((wait, index) => wait / (backoff * 2 ** index)))
  if (waits.flat().some((wait) => wait < backoff * 0.45)) red('retried-at-once', String(waits[0]))
  if (parts.flat().some((part) => part < 0.45)) red('waits-do-not-grow', String(waits[0]))
  const tries = failing.map(({ length }) => length)
  if (tries.some((count) => count > attempts)) red('tried-too-often', String(tries))
  if (tries.some((count) => count < attempts) || tries.length < workers.length - 1) red('gave-up-early', String(tries))
  if (!parts.flat().some((part) => part < 0.95) || spread(parts) < 0.05) red('no-jitter', String(waits[0]))
  return { tries, firstWaits: waits.map(([wait = 0]) => wait), lastWaits: waits.map((those) => those.at(-1) ?? 0) }
}

/** The largest difference between jobs in one of their waits, as a part of its full length. */
function spread(parts: number[][]): number {
  const tries = parts[0]?.map((_, index) => parts.map((those) => those[index] ?? 0)) ?? []
  return Math.max(...tries.map((those) => Math.max(...those) - Math.min(...those)))
}

/** When each event's mail failed, in milliseconds. */
function failuresByEvent(lines: ReturnType<Context['logs']['lines']>): number[][] {
  const failed = lines.filter(({ msg, kind }) => msg === 'a job failed' && kind === 'mail.requested')
  const byEvent = Map.groupBy(failed, ({ eventId }) => eventId)
  return [...byEvent.values()].map((those) => those.map(({ time }) => Date.parse(String(time))))
}
