import { type Control, control, source, sources } from '../control.ts'
import { eachSecond, fireOnce } from '../probes/queue-schedules.ts'

const schedules = 'src/schedules.ts'
const service = 'src/modules/schedules/schedules.service.ts'
const queues = 'src/lib/queues.ts'

export const queueSchedules: Control[] = [
  control({
    id: 'QUE-03',
    level: 'must',
    holds:
      'What is done at fixed times is done once for each time, however many workers run, taken up again after a death, and missed when it stops: release and lapse of contracts, reconciliation, old jobs, the purge, digests and figures; each worker sweeps the outbox by itself.',
    because:
      'A schedule of each replica pays twice, and one that stopped weeks ago is found when the disk is full or the money is still held.',
    code: [schedules, 'src/purges.ts', service, 'src/modules/schedules/schedules.repository.ts', 'src/lib/cron.ts'],
    runbook: 'docs/runbooks/queues.md#a-schedule-does-not-run',
    needs: ['api', 'worker', 'redis', 'mail', 'payments'],
    own: eachSecond,
    probe: fireOnce,
    sabotages: [
      sources(
        'every replica fires for itself, and nobody asks whether it was done',
        [
          {
            file: queues,
            find: "openQueue('schedules')",
            replace: 'openQueue(`schedules-${globalThis.process.pid}`)',
          },
          {
            file: queues,
            find: "openWorker('schedules',",
            replace: 'openWorker(`schedules-${globalThis.process.pid}`,',
          },
          {
            file: service,
            find: 'const ours = await claimRun(db, name, slot, lease)',
            replace: 'const ours = (await claimRun(db, name, slot, lease)) ?? { name, slot, tries: 1 }',
          },
        ],
        { red: 'done-twice' },
      ),
      source(
        'a dead worker keeps what it was at',
        'src/modules/schedules/schedules.repository.ts',
        ' OR ${runs.seenAt} < now() - make_interval(secs => ${lease / 1000}))`',
        ')`',
        { red: 'not-taken-up-again' },
      ),
      source(
        'nobody watches',
        schedules,
        '    await services.schedules.watch(',
        '    await (async (_: unknown) => {})(',
        { red: 'stop-not-noticed' },
      ),
      source(
        'what is overdue is told to nobody',
        service,
        'if (isOverdue && !late.has(schedule)) onOverdue(state)',
        '',
        {
          red: 'stop-not-told',
        },
      ),
      sources(
        'put into the queue once, at the start',
        [
          {
            file: schedules,
            find: '  const look = async () => {',
            replace: '  await timetable.keep()\n  const look = async () => {',
          },
          { file: schedules, find: '    await timetable.keep().catch(', replace: '    await Promise.resolve().catch(' },
          { file: 'src/worker.ts', find: '    await schedules?.keep()\n', replace: '' },
        ],
        { red: 'not-put-back' },
      ),
    ],
  }),
]
