import type { Board } from './board.ts'

const backup = 'seaworthy_backup_last_success_timestamp_seconds'
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
        { title: 'Age over time', unit: 's', lines: [['{{kind}}', `time() - max by (kind) (${backup})`]] },
      ],
    },
  ],
}
