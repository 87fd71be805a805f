// The variables of what is done at fixed times.
import { Type } from 'typebox'
import { milliseconds } from './environment.kit.schemas.ts'
import { isCron } from './lib/cron.ts'

/** What is done at fixed times, and when, in UTC: cron patterns of five fields, or of six with seconds before them. */
export const usualTimes = {
  'contract-release': '* * * * *',
  'contract-lapse': '*/10 * * * *',
  'job-expiry': '11 * * * *',
  reconciliation: '23 2 * * *',
  figures: '4 * * * *',
  digest: '0 8 * * *',
  purge: '17 3 * * *',
}
export type ScheduleName = keyof typeof usualTimes

/** Of a list such as `purge=0 4 * * *; digest=30 7 * * 1`. */
export function timesOf(list: string): Partial<Record<ScheduleName, string>> {
  const entries = list.split(';').flatMap((entry) => entry.trim() || [])
  return Object.fromEntries(entries.map((entry) => entry.split('=').map((part) => part.trim())))
}

export const schedules = {
  SCHEDULES: Type.Refine(
    Type.String({
      maxLength: 2000,
      should: `a list such as purge=0 4 * * *; digest=30 7 * * 1, of ${Object.keys(usualTimes).join(', ')}`,
      default: '',
      description: 'Other times for what is done at fixed times, as NAME=CRON (UTC), separated by semicolons',
    }),
    (text) => Object.entries(timesOf(text)).every(([name, cron]) => name in usualTimes && isCron(cron ?? '')),
  ),
  SCHEDULES_WATCH_MS: milliseconds(60_000, 'Time between two looks at whether what is done at fixed times was done'),
  JOB_OPEN_DAYS: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 60,
    description: 'Days after which a job is closed that is still open',
  }),
}
