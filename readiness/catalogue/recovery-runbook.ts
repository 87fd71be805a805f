import { control, source } from '../control.ts'
import { runbookLeadsBack } from '../probes/recovery-runbook.ts'

const page = 'backup/DISASTER_RECOVERY_RUNBOOK.md'

/** In the list of recovery. */
export const recoveryRunbook = control({
  id: 'DRY-11',
  level: 'must',
  holds:
    'The disaster recovery runbook has roles with deputies, severities, one procedure for each disaster with its steps and its end, what is done after each restore, templates, and a schedule of tests; what it names is there; and each target of time and loss has its last measured value, not older than 400 days, and held.',
  because:
    'Whoever restores for the first time on the day of the loss learns then that nobody may decide, that a script was renamed, and that two hours were never enough.',
  code: [page],
  runbook: `${page}#tests`,
  plane: 'file',
  needs: [],
  lacks:
    'The steps are not run by this probe: those of their scripts are by DRY-02, DRY-06, DRY-08, DRY-10 and DRY-12.',
  probe: runbookLeadsBack,
  sabotages: [
    // Where the value was, nothing is; it does not matter which one was there.
    source('the last measured value is gone', page, '| point in time | 30 min |', '| point in time | 30 min | |', {
      red: 'value-missing',
    }),
    source('a target was missed', page, '| standby takes over | 5 min |', '| standby takes over | 1 ms |', {
      red: 'above-target',
    }),
    source('nobody knows what to tell people', page, '## Communication', '## More', { red: 'section-missing' }),
    source('no word for those whose data was lost', page, '- **After data was lost.**', '- **After it.**', {
      red: 'template-missing',
    }),
    source(
      'a script that nobody has',
      page,
      'backup /backup/restore_to_time.sh latest',
      'backup /backup/restore_until.sh latest',
      { red: 'not-there' },
    ),
    source(
      'a procedure that never ends',
      page,
      '- **Well again.** pg_amcheck prints nothing',
      '  6. pg_amcheck prints nothing',
      { red: 'procedure-without-end' },
    ),
  ],
})
