import type { Static } from 'typebox'
import { Id, Instant, Nullable, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

export const Notification = Strict(
  {
    id: Uuid,
    kind: OneOf(['application.submitted', 'application.withdrawn', 'application.accepted', 'application.rejected']),
    text: Text(1, 500, {
      description: 'For people',
      examples: ['Your application for "Fix the harbour crane" was accepted.'],
    }),
    jobId: Id('The job that it is about'),
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
