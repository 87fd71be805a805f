// The part of the table of operations about reviews: see routes-table.ts.
import type { Operation } from './operation.ts'

export const reviewOperations: readonly Operation[] = [
  {
    id: 'reviewContract',
    method: 'POST',
    path: '/v1/contracts/:id/reviews',
    who: ['client', 'worker'],
    idempotent: true,
    body: () => ({ rating: 5, text: 'The ring is as red as was said.' }),
  },
  { id: 'getContractReviews', method: 'GET', path: '/v1/contracts/:id/reviews', who: 'user' },
  { id: 'listUserReviews', method: 'GET', path: '/v1/users/:id/reviews', who: 'public' },
]
