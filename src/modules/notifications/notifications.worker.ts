import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Handler, Told } from '../../lib/queues.ts'
import type { DigestsService } from './digests.service.ts'
import { kinds } from './notifications.schemas.ts'
import type { NotificationsService } from './notifications.service.ts'
import type { Kind } from './told.ts'

type Parts = { notifications: NotificationsService; digests: DigestsService }

/** What each event sets in motion. The payload is already held against the schema of its kind. */
export function notificationHandlers({ notifications, digests }: Parts): Handler[] {
  return [
    ...kinds.map(tells),
    // Letters go first: somebody waits for the link in them.
    { queue: 'mail', rank: 1, kind: 'mail.requested', handle: (event, payload) => notifications.mail(event, payload) },
    { queue: 'mail', rank: 1, kind: 'digest.requested', handle: (event, payload) => digests.mail(event, payload) },
  ]

  function tells<K extends Kind>(kind: K) {
    const handle = (event: Told, facts: EventPayload<K>) => notifications.tell(event, kind, facts)
    return { queue: 'events', kind, handle } as unknown as Handler
  }
}
