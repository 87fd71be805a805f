// Stops URLs that are longer than any of ours can be, before anything reads them. It has no backing store.
// To remove it, delete its line in app.ts: Node's limit on all headers together (16 KiB) is then the only one.
import fp from 'fastify-plugin'
import { AppError } from '../lib/errors.ts'

const longest = 2048

export const urlLimit = fp(
  async (app) => {
    app.addHook('onRequest', async ({ url }) => {
      if (url.length > longest) throw new AppError(414, 'URL_TOO_LONG', `The URL is longer than ${longest} characters`)
    })
  },
  { name: 'url-limit' },
)
