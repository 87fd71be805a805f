// What is done at fixed times: the table of it, and the part of a worker that does it. SCHEDULES sets other times.
import { type ScheduleName, usualTimes } from './environment.schedules.schemas.ts'
import type { openQueues } from './lib/queues.ts'
import { repeat } from './lib/repeat.ts'
import type { Schedule } from './modules/schedules/schedules.service.ts'
import { purgeAll } from './purges.ts'
import type { Process } from './run.ts'

type Table = Record<ScheduleName, Schedule['run']>

/** Each answers what it did. Any of them may be run again after a death in the middle. */
const tableOf = ({ config, resources: { db }, services }: Process): Table => ({
  // Money of approved contracts, once nobody can dispute them any more.
  'contract-release': async () => ({ released: await services.escrow.release() }),
  // Contracts that were accepted and never paid for.
  'contract-lapse': async () => ({ lapsed: await services.escrow.lapse() }),
  'job-expiry': async () => ({ closed: await services.expiry.expire(config.jobOpenDays) }),
  // Our payments against the provider's own records.
  reconciliation: () => services.reconciliation.run(),
  figures: () => services.figures.count(),
  digest: async () => ({ people: await services.digests.request() }),
  purge: () => purgeAll(config, db, services),
  // The outbox has no line here: each worker sweeps it every few seconds (db/relay.ts), whether or not the queue can be reached.
})

/** Does it all, with the other workers, and watches whether it was done. `keep` puts back what the queue has lost. */
export async function startSchedules(process: Process, queues: ReturnType<typeof openQueues>) {
  const { config, log, services } = process
  const table = tableOf(process)
  const list = (Object.keys(usualTimes) as ScheduleName[]).map((name) => {
    return { name, cron: config.schedules.times[name] ?? usualTimes[name], run: table[name] }
  })
  await services.schedules.register(list)
  const timetable = await queues.schedule(list, async (name, due) => {
    const schedule = list.find((each) => each.name === name)
    if (!schedule) return
    try {
      if (await services.schedules.fire(schedule, due)) log.info({ schedule: name, due }, 'a schedule was done')
    } catch (error) {
      log.warn({ err: error, schedule: name, due }, 'a schedule could not be done: trying again')
      throw error
    }
  })
  const look = async () => {
    // The queue may have lost its times with its memory.
    await timetable.keep().catch((error) => log.warn({ err: error }, 'the schedules could not be put into the queue'))
    await services.schedules.watch(({ name, cron, lastFinishedAt }) =>
      log.error({ schedule: name, cron, lastFinishedAt }, 'a schedule is overdue: nobody does it any more'),
    )
  }
  const looking = await repeat(look, {
    every: config.schedules.look,
    onError: (error) => log.warn({ err: error }, 'the schedules could not be watched: trying again'),
  })
  return { close: looking.close, keep: timetable.keep }
}
