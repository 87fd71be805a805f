// The part of the table of operations about what waits on the desk of an operator: see routes-table.ts.
import type { Operation } from './operation.ts'

export const deskOperations: readonly Operation[] = [
  { id: 'listDisputes', method: 'GET', path: '/v1/admin/disputes', who: ['support', 'admin'] },
  {
    id: 'resolveDispute',
    method: 'POST',
    path: '/v1/admin/disputes/:id/resolution',
    who: ['admin'],
    idempotent: true,
    body: () => ({ outcome: 'refund' }),
  },
  { id: 'listDeadLetters', method: 'GET', path: '/v1/admin/dead-letters', who: ['support', 'admin'] },
  {
    id: 'redriveDeadLetter',
    method: 'POST',
    path: '/v1/admin/dead-letters/:id/redelivery',
    who: ['admin'],
    idempotent: true,
  },
  // Of a kind that there is not: those of other probes are left alone.
  {
    id: 'redriveDeadLetters',
    method: 'POST',
    path: '/v1/admin/dead-letters/redelivery',
    who: ['admin'],
    idempotent: true,
    body: () => ({ kind: 'lamp.lit', limit: 1 }),
  },
]
