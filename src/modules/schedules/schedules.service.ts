// What is done at fixed times: once for each time that it is due, however many workers there are, and seen to be done.
import type { Database } from '../../db/client.ts'
import { isOverdue } from '../../lib/cron.ts'
import type { Metrics } from '../../lib/metrics.ts'
import {
  claimRun,
  isFinished,
  listStates,
  markFailed,
  markFinished,
  markSeen,
  purgeRuns,
  replaceSchedules,
} from './schedules.repository.ts'
import type { ScheduleList, ScheduleState } from './schedules.schemas.ts'

/** Answers what was done, in numbers, for whoever looks. It may be run again after a death in the middle, and must not mind. */
export type Schedule = { name: string; cron: string; run: () => Promise<Record<string, number>> }
type Deps = {
  db: Database
  metrics: Metrics
  /** Milliseconds after which a run is taken up again whose worker was not seen any more. */
  lease: number
  /** Milliseconds by which a run may be late beyond its second time, and between two looks. */
  look: number
}

/** Days that runs are kept. */
const keptDays = 30

export type SchedulesService = ReturnType<typeof createSchedulesService>

export function createSchedulesService({ db, metrics, lease, look }: Deps) {
  const labelNames = ['schedule'] as const
  const runs = metrics.counter({
    name: 'seaworthy_schedule_runs_total',
    help: 'Runs of what is done at fixed times, by this process',
    labelNames: ['schedule', 'outcome'],
  })
  const lastSuccess = metrics.gauge({
    name: 'seaworthy_schedule_last_success_timestamp_seconds',
    help: 'When a schedule was last done, by whichever process',
    labelNames,
  })
  const overdue = metrics.gauge({
    name: 'seaworthy_schedule_overdue',
    help: 'Whether a schedule was due twice and not done',
    labelNames,
  })
  const results = metrics.gauge({
    name: 'seaworthy_schedule_result',
    help: 'What a schedule said of its last run, by whichever process, in numbers',
    labelNames: ['schedule', 'what'],
  })
  const late = new Set<string>()

  return { register, fire, watch, list, purge: () => purgeRuns(db, keptDays) }

  /** Says which there are, so that the watch misses one that never runs. */
  async function register(list: Schedule[]): Promise<void> {
    for (const { name: schedule } of list) {
      for (const outcome of ['success', 'failure']) runs.inc({ schedule, outcome }, 0)
      overdue.set({ schedule }, 0)
    }
    await db.transaction((tx) => replaceSchedules(tx, list))
  }

  /**
   * Does what was due at that time, unless it is done. Throws when another worker is at it, and when it fails: the queue comes
   * again, and finds it done, or free because nobody has been seen at it for the time of the lease.
   */
  async function fire({ name, run }: Pick<Schedule, 'name' | 'run'>, due: Date): Promise<boolean> {
    const slot = due.toISOString()
    const ours = await claimRun(db, name, slot, lease)
    if (!ours) {
      if (await isFinished(db, name, slot)) return false
      throw new Error(`Another worker is at ${name} of ${slot}`)
    }
    const seen = setInterval(() => markSeen(db, ours).catch(() => {}), lease / 3)
    try {
      await markFinished(db, ours, await run())
      runs.inc({ schedule: name, outcome: 'success' })
      return true
    } catch (error) {
      runs.inc({ schedule: name, outcome: 'failure' })
      // Without its database it can't say so, and is free after the lease.
      await markFailed(db, ours, ((error as Error).message || 'failed').slice(0, 500)).catch(() => {})
      throw error
    } finally {
      clearInterval(seen)
    }
  }

  /** Looks at what was done by all workers, and tells of each schedule that has become overdue. */
  async function watch(onOverdue: (state: ScheduleState) => void): Promise<void> {
    const { data } = await list()
    for (const state of data) {
      const { name: schedule, isOverdue, lastFinishedAt, result } = state
      for (const [what, number] of Object.entries(result ?? {})) results.set({ schedule, what }, number)
      overdue.set({ schedule }, Number(isOverdue))
      if (lastFinishedAt) lastSuccess.set({ schedule }, Date.parse(lastFinishedAt) / 1000)
      if (isOverdue && !late.has(schedule)) onOverdue(state)
      if (isOverdue) late.add(schedule)
      else late.delete(schedule)
    }
  }

  async function list(): Promise<ScheduleList> {
    const now = new Date()
    const states = await listStates(db)
    return { data: states.map((state) => toState(state, now)) }
  }

  function toState({ name, cron, knownSince, newest, finished }: StateRow, now: Date): ScheduleState {
    // What was due before it was known, or before its times changed, is nothing that it missed.
    const since = new Date(Math.max(Date.parse(knownSince), Date.parse(finished?.slot ?? knownSince)))
    return {
      name,
      cron,
      knownSince,
      isOverdue: isOverdue(cron, since, now, look),
      lastDueAt: newest?.slot ?? null,
      lastFinishedAt: finished?.finishedAt ?? null,
      tries: newest?.tries ?? 0,
      error: newest?.error ?? null,
      result: newest?.result ?? null,
    }
  }
}

type StateRow = Awaited<ReturnType<typeof listStates>>[number]
