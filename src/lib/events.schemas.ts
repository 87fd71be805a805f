// What can happen, and what is told of it: the contract between whoever writes to the outbox and whoever consumes.
import { type Static, Type } from 'typebox'
import { Instant, OneOf, Strict, Text, Uuid } from './schemas.ts'

const contract = { contractId: Uuid, jobId: Uuid, jobTitle: Text(3, 160), clientId: Uuid, workerId: Uuid }
const payout = { paymentId: Uuid, userId: Uuid }
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
  'contract.funded': Strict(contract),
  'contract.funding-failed': Strict(contract),
  'contract.delivered': Strict(contract),
  'contract.approved': Strict(contract),
  'contract.released': Strict(contract),
  'contract.disputed': Strict(contract),
  'contract.resolved': Strict(contract),
  'contract.cancelled': Strict(contract),
  'contract.refunded': Strict(contract),
  'payout.paid': Strict(payout),
  'payout.failed': Strict(payout),
  // The first review of a contract, and the second, which opens both. Neither says what stands in it.
  'review.given': Strict({ ...contract, subjectId: Uuid }),
  'review.answered': Strict({ ...contract, subjectId: Uuid }),
  'mail.requested': Strict({ notificationId: Uuid }),
  'digest.requested': Strict({ userId: Uuid, until: Instant }),
  // Neither an address nor a token: both are looked up or made when the mail is sent.
  'letter.requested': Strict({ letter: OneOf(letters), userId: Uuid, linkId: Type.Optional(Uuid), at: Instant }),
  'data-export.requested': Strict({ exportId: Uuid }),
  'user.erased': Strict({ userId: Uuid }),
  // Nobody sees it any more; its bytes have to go.
  'upload.removed': Strict({ uploadId: Uuid }),
}

export type EventKind = keyof typeof events
export type EventPayload<K extends EventKind> = Static<(typeof events)[K]>
