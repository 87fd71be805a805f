// What can happen, and what is told of it: the contract between whoever writes to the outbox and whoever consumes.
import type { Static } from 'typebox'
import { Strict, Text, Uuid } from './schemas.ts'

const application = { applicationId: Uuid, jobId: Uuid, jobTitle: Text(3, 160), clientId: Uuid, workerId: Uuid }

export const events = {
  'application.submitted': Strict(application),
  'application.withdrawn': Strict(application),
  'application.rejected': Strict(application),
  'application.accepted': Strict({ ...application, contractId: Uuid }),
  'mail.requested': Strict({ notificationId: Uuid }),
}

export type EventKind = keyof typeof events
export type EventPayload<K extends EventKind> = Static<(typeof events)[K]>
