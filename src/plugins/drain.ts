// Stops a stopping server from cutting off, or waiting for, connections that clients keep open: while it drains, each answer asks
// the client to close its connection and take the next request elsewhere. Without it a shutdown lasts until its deadline.
// It has no backing store. To remove it, delete its line in app.ts.
import fp from 'fastify-plugin'

export const drain = fp<{ isDraining: () => boolean }>(
  async (app, { isDraining }) => {
    app.addHook('onSend', async (_request, reply) => {
      if (isDraining()) reply.header('connection', 'close')
    })
  },
  { name: 'drain' },
)
