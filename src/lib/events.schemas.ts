// What can happen, and what is told of it: the contract between whoever writes to the outbox and whoever consumes.
import { type Static, Type } from 'typebox'
import { Instant, OneOf, Strict, Text, Uuid } from './schemas.ts'

const application = { applicationId: Uuid, jobId: Uuid, jobTitle: Text(3, 160), clientId: Uuid, workerId: Uuid }

/** Mails about someone's account. */
const letters = [
  'magic-link',
  'password-reset',
  'email-verification',
  'email-change',
  'email-changed',
  'password-changed',
  'mfa-enabled',
  'mfa-disabled',
  'locked-out',
  'new-device',
] as const

export const events = {
  'application.submitted': Strict(application),
  'application.withdrawn': Strict(application),
  'application.rejected': Strict(application),
  'application.accepted': Strict({ ...application, contractId: Uuid }),
  'mail.requested': Strict({ notificationId: Uuid }),
  // Neither an address nor a token: both are looked up or made when the mail is sent.
  'letter.requested': Strict({ letter: OneOf(letters), userId: Uuid, linkId: Type.Optional(Uuid), at: Instant }),
  'data-export.requested': Strict({ exportId: Uuid }),
  'user.erased': Strict({ userId: Uuid }),
}

export type EventKind = keyof typeof events
export type EventPayload<K extends EventKind> = Static<(typeof events)[K]>
