// Times of a cron pattern: five fields, or six with seconds before them. All of them are UTC.
import { CronExpressionParser } from 'cron-parser'

export function isCron(text: string): boolean {
  try {
    CronExpressionParser.parse(text, { tz: 'UTC' })
    return /^\S+( \S+){4,5}$/.test(text)
  } catch {
    return false
  }
}

/**
 * Whether what was last done `since` should have been done again: two times came after it, and the later one is at least `grace`
 * milliseconds ago. One time may be under way, or late by a retry.
 */
export function isOverdue(cron: string, since: Date, now: Date, grace: number): boolean {
  const times = CronExpressionParser.parse(cron, { currentDate: new Date(now.getTime() - grace), tz: 'UTC' })
  times.prev()
  return since < times.prev().toDate()
}
