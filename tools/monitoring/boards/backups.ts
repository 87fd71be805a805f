import type { Board } from './board.ts'

const backup = 'seaworthy_backup_last_success_timestamp_seconds'
const failure = 'seaworthy_backup_last_failure_timestamp_seconds'
const drill = 'seaworthy_restore_drill_last_success_timestamp_seconds'

export const backups: Board = {
  uid: 'backups',
  title: 'Backups',
  rows: [
    {
      title: 'How old',
      panels: [
        { title: 'Last backup', unit: 's', kind: 'stat', lines: [['{{kind}}', `time() - max by (kind) (${backup})`]] },
        { title: 'Last restore as a drill', unit: 's', kind: 'stat', lines: [['drill', `time() - max(${drill})`]] },
        {
          title: 'Last failure',
          unit: 's',
          kind: 'stat',
          lines: [['{{kind}}', `time() - max by (kind) (${failure})`]],
        },
        { title: 'Age over time', unit: 's', lines: [['{{kind}}', `time() - max by (kind) (${backup})`]] },
      ],
    },
    {
      title: 'How large, and how long it takes',
      panels: [
        { title: 'Size', unit: 'bytes', lines: [['{{kind}}', 'max by (kind) (seaworthy_backup_size_bytes)']] },
        { title: 'Backup', unit: 's', lines: [['{{kind}}', 'max by (kind) (seaworthy_backup_duration_seconds)']] },
        { title: 'Restore as a drill', unit: 's', lines: [['drill', 'max(seaworthy_restore_drill_duration_seconds)']] },
      ],
    },
  ],
}
