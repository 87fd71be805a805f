import { type Control, control, removed, source } from '../control.ts'
import { givesUpAndCancels } from '../probes/api-time.ts'

export const apiTime: Control[] = [
  control({
    id: 'API-11',
    level: 'must',
    holds:
      'A request that takes longer than its limit (30 s by default) is answered with 504 and its SQL is cancelled; a client that hangs up cancels too, and nothing of a write that was given up is kept.',
    because:
      'Callers who gave up and tried again otherwise leave their first statements behind, until these hold every connection.',
    code: ['src/plugins/deadline.ts', 'src/lib/deadline.ts', 'src/db/cancel.ts', 'src/db/transaction.ts'],
    runbook: 'docs/runbooks/load.md#requests-end-in-504',
    needs: ['api'],
    own: {
      HANDLER_TIMEOUT_MS: '1000',
      DATABASE_LOCK_TIMEOUT_MS: '30000',
      DATABASE_STATEMENT_TIMEOUT_MS: '30000',
    },
    probe: givesUpAndCancels,
    sabotages: [
      removed('src/app.ts', '  await app.register(deadline, { limit: config.http.handlerTimeout })', { red: 'no-504' }),
      source(
        'the SQL goes on',
        'src/db/cancel.ts',
        "  signal.addEventListener('abort', cancel, { once: true })\n",
        '',
        {
          red: 'sql-goes-on',
        },
      ),
      source(
        'nobody notices that a client hangs up',
        'src/plugins/deadline.ts',
        "  reply.raw.once('close', hangUp)\n",
        '',
        {
          red: 'hang-up-ignored',
        },
      ),
    ],
  }),
]
