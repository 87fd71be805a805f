// What a backup, or the drill that restores one, has written of itself.
import type { Broken, Cause } from './cause.ts'

/** Sets columns of a kind to what SQL says, and then to what it says of a good one. */
const told = (kind: string, wrong: string, right: string) => ({
  begin: async ({ sql }: Broken) => {
    await sql(`UPDATE backups SET ${wrong} WHERE kind = $1`, [kind])
    return () => sql(`UPDATE backups SET ${right} WHERE kind = $1`, [kind])
  },
})
const age = (kind: string, days: number) =>
  told(kind, `finished_at = now() - make_interval(days => ${days})`, 'finished_at = now()')

export const causesOfBackups: Cause[] = [
  { by: 'the last logical backup is made two days old', wave: 2, alerts: ['BackupTooOld'], ...age('logical', 2) },
  { by: 'the last restore drill is made ten days old', wave: 1, due: 8, alerts: ['DrillTooOld'], ...age('drill', 10) },
  {
    by: 'a physical backup fails after the last good one',
    wave: 1,
    alerts: ['BackupFailed'],
    ...told('physical', 'failed_at = now()', 'finished_at = now(), failed_at = NULL'),
  },
  {
    by: 'a logical backup of a third of the size is made',
    wave: 1,
    alerts: ['BackupShrunk'],
    ...told('logical', 'bytes = bytes / 3', 'bytes = bytes * 3'),
  },
  {
    by: 'the last restore drill took 45 minutes',
    wave: 1,
    alerts: ['DrillTooSlow'],
    ...told('drill', 'seconds = 2700', 'seconds = 60'),
  },
]
