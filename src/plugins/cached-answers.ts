// Answers public reads from the cache.
import fp from 'fastify-plugin'

type Options = { cache: unknown }

export const cachedAnswers = fp<Options>(async (_app, _options) => {}, { name: 'cached-answers' })
