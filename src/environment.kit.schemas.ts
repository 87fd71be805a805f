// What the variables of the environment are made of.
import { Type } from 'typebox'
import { isOfSentinels, sentinelProblem, sentinelsOf } from './lib/redis-sentinel.ts'

export const milliseconds = (otherwise: number, means: string, least = 1) =>
  Type.Integer({ minimum: least, maximum: 3_600_000, default: otherwise, description: `${means}, in milliseconds` })

export const url = (protocols: string, means: string, options = {}) =>
  Type.Refine(
    Type.String({
      pattern: `^(${protocols})://[^\\s]+$`,
      should: `a valid URL that starts with ${protocols.replace('|', ':// or ')}://`,
      description: means,
      ...options,
    }),
    (text) => succeeds(() => decodeURIComponent(new URL(text).password)),
  )

/** A database URL is a secret because of its password. */
export const databaseUrl = (means: string) => url('postgres|postgresql', means, { secret: 'password' })

/** Redis, with the same rule: production wants a password. */
export const redisUrl = (means: string) =>
  Type.Refine(
    url('redis|rediss|redis-sentinel|rediss-sentinel', means, {
      secret: 'password',
      should:
        'a valid URL that starts with redis:// or rediss://, or redis-sentinel://:PASSWORD@NAME/0?sentinels=HOST:PORT,HOST:PORT (rediss-sentinel:// for TLS)',
      explain: sentinelProblem,
    }),
    (text) => !isOfSentinels(text) || succeeds(() => sentinelsOf(text)),
  )

/** Whether an attempt neither throws nor answers false. */
export function succeeds(attempt: () => unknown): boolean {
  try {
    return attempt() !== false
  } catch {
    return false
  }
}
