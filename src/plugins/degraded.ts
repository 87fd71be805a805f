// Stops callers from taking what a degraded service answers for what it answers when all is well: each answer names the degraded
// modes that are in force (docs/degraded-modes.md), as a list of tokens (RFC 9651). What it asks is known already, so no backing
// store can fail. To remove it, delete its line in app.ts: only /health/ready and the metrics then tell.
import fp from 'fastify-plugin'

export const degraded = fp<{ modes: () => readonly string[] }>(
  async (app, { modes }) => {
    app.addHook('onSend', async (_request, reply) => {
      const inForce = modes()
      if (inForce.length > 0) reply.header('degraded-mode', inForce.join(', '))
    })
  },
  { name: 'degraded' },
)
