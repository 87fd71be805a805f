import type { Static } from 'typebox'
import { Id, Instant, Nullable, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

/** Kinds of events: told.ts says of each who is told what. */
export const kinds = [
  ...(['application.submitted', 'application.withdrawn', 'application.accepted', 'application.rejected'] as const),
  ...(['contract.funded', 'contract.funding-failed', 'contract.delivered', 'contract.approved'] as const),
  ...(['contract.released', 'contract.disputed', 'contract.resolved', 'contract.cancelled'] as const),
  ...(['contract.refunded', 'payout.paid', 'payout.failed', 'review.given', 'review.answered'] as const),
] as const

export const Notification = Strict(
  {
    id: Uuid,
    kind: OneOf(kinds),
    text: Text(1, 500, {
      description: 'For people',
      examples: ['Your application for "Fix the harbour crane" was accepted.'],
    }),
    jobId: Nullable(Id('The job that it is about; null where it is about a payout')),
    contractId: Nullable(Id('The contract that it is about')),
    paymentId: Nullable(Id('The payout that it is about')),
    createdAt: Instant,
    readAt: Nullable(Instant),
  },
  { title: 'Notification', description: 'What someone is told' },
)
export type Notification = Static<typeof Notification>

export const NotificationQuery = Strict(PageQuery)
export type NotificationQuery = Static<typeof NotificationQuery>

export const NotificationPage = PageOf(Notification, {
  title: 'NotificationPage',
  description: 'A page of notifications',
})
