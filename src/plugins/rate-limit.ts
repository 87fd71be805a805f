// Stops one caller from taking what is there for all.
import fp from 'fastify-plugin'
import type { Limiter } from '../lib/limits.ts'
import type { Metrics } from '../lib/metrics.ts'

export const limitNames = ['auth', 'payment', 'upload', 'write', 'read', 'public'] as const
export type LimitName = (typeof limitNames)[number]

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The policy that limits its callers; none for what only platforms ask. */
    limit?: LimitName | 'none'
  }
}

type Options = { limiter: Limiter; metrics: Metrics }

export const rateLimit = fp<Options>(async (_app, _options) => {}, { name: 'rate-limit' })
