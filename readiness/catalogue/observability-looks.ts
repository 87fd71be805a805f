// What an operator looks at: the status of a process, and the queues in a browser.
import { control, removed, source } from '../control.ts'
import { queuesAreShown } from '../probes/queue-board.ts'
import { statusTells } from '../probes/reliability-status.ts'

const status = 'src/status.ts'
const board = 'src/plugins/queue-board.ts'

export const statusSeen = control({
  id: 'REL-03',
  level: 'must',
  holds:
    '/health/status, for support and admins, shows each dependency with its latency, breakers, the hit rate of the cache, queue depth, pool, disk, version and uptime, as they are.',
  because:
    'Whoever is called at night needs one look that says what is wrong; a page that shows what was configured, or anyone what is weak, is worse than none.',
  code: [status, 'src/plugins/health.ts', 'src/plugins/health.schemas.ts'],
  runbook: 'docs/runbooks/health.md#degraded',
  needs: ['api', 'redis', 'payments'],
  own: { BREAKER_FAILURES: '1', BREAKER_OPEN_MS: '3600000' },
  probe: statusTells,
  sabotages: [
    source('the breakers are left out', status, 'services.outside.list().map(', '[].map(', { red: 'no-breakers' }),
    source(
      'the cache is not counted',
      status,
      'cache: services.cache.use()',
      'cache: { hits: 0, reads: 0, hitRatio: null }',
      {
        red: 'cache-not-told',
      },
    ),
    source('queues are said to be empty', status, 'await queues.counts().catch(() => [])', '[]', {
      red: 'queue-not-told',
    }),
    source(
      'anyone may look',
      'src/plugins/health.ts',
      "config: { access: ['support', 'admin'], limit: 'read' }",
      "config: { access: 'public', limit: 'read' }",
      { red: 'anyone-may-look' },
    ),
  ],
})

export const queuesSeen = control({
  id: 'QUE-07',
  level: 'must',
  holds:
    'Support and admins see every queue and its jobs at /admin/queues, signed in as everywhere; nobody else does, and nobody changes anything there.',
  because:
    'A job that fails is understood by looking at it; a board that is open shows what people do, and one with buttons changes it without a trace.',
  code: [board, 'src/lib/queue-views.ts'],
  runbook: 'docs/runbooks/queues.md#events-are-not-told',
  needs: ['api', 'redis'],
  own: {},
  probe: queuesAreShown,
  sabotages: [
    source('it is public', board, "access: ['support', 'admin'], limit: 'read'", "access: 'public', limit: 'read'", {
      red: 'anyone-may-look',
    }),
    source(
      'whoever is signed in may look',
      board,
      "['support', 'admin'], limit",
      "['client', 'support', 'admin'], limit",
      {
        red: 'anyone-may-look',
      },
    ),
    source('the policy of an API', board, "reply.header('content-security-policy', pagePolicy", 'void (pagePolicy', {
      red: 'page-stays-blank',
    }),
    source('the page may not say where its files are', board, `{ baseUri: ["'self'"] }`, '{}', {
      red: 'page-stays-blank',
    }),
    source('it has buttons', board, '{ readOnlyMode: true }', '{ readOnlyMode: false }', { red: 'changes-a-queue' }),
    removed('src/app.ts', '  await app.register(queueBoard, { queues: queues.queues })', { red: 'no-board' }),
  ],
})
