// Answers 304 to whoever has the answer already.
import fp from 'fastify-plugin'

export const conditional = fp(async (_app, _options) => {}, { name: 'conditional' })
