// Stops more work than can be done.
import fp from 'fastify-plugin'
import type { Metrics } from '../lib/metrics.ts'

type Options = { concurrent: number; waiting: number; wait: number; eventLoopDelay: number; metrics: Metrics }

export const admission = fp<Options>(async (_app, _options) => {}, { name: 'admission' })
