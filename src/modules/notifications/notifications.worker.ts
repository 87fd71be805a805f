import type { Handler } from '../../lib/queues.ts'
import type { NotificationsService } from './notifications.service.ts'

/** What each event sets in motion. The payload is already held against the schema of its kind. */
export function notificationHandlers({ notifications }: { notifications: NotificationsService }): Handler[] {
  return [
    {
      queue: 'events',
      kind: 'application.submitted',
      handle: (event, facts) => notifications.tell(event, 'application.submitted', facts),
    },
    {
      queue: 'events',
      kind: 'application.withdrawn',
      handle: (event, facts) => notifications.tell(event, 'application.withdrawn', facts),
    },
    {
      queue: 'events',
      kind: 'application.accepted',
      handle: (event, facts) => notifications.tell(event, 'application.accepted', facts),
    },
    {
      queue: 'events',
      kind: 'application.rejected',
      handle: (event, facts) => notifications.tell(event, 'application.rejected', facts),
    },
    { queue: 'mail', kind: 'mail.requested', handle: (event, payload) => notifications.mail(event, payload) },
  ]
}
