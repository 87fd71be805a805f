// Makes long answers short.
import fp from 'fastify-plugin'

type Options = { from: number }

export const compress = fp<Options>(async (_app, _options) => {}, { name: 'compress' })
