// Who is told of what, in which words, and whether by mail too. By mail goes what is about money, or asks for a decision.
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Notification } from './notifications.schemas.ts'

export type Kind = Notification['kind']
type Party = 'clientId' | 'workerId' | 'userId' | 'subjectId'
type Notice<K extends Kind> = {
  /** The member of the event that names them. */
  who: Extract<keyof EventPayload<K>, Party>
  mail?: true
  text: (facts: EventPayload<K>) => string
}
type OfContract = Notice<'contract.cancelled'>

const both = (text: OfContract['text']): OfContract[] => [
  { who: 'clientId', mail: true, text },
  { who: 'workerId', mail: true, text },
]

export const told: { readonly [K in Kind]: readonly Notice<K>[] } = {
  'application.submitted': [{ who: 'clientId', text: ({ jobTitle }) => `Someone applied for "${jobTitle}".` }],
  'application.withdrawn': [
    { who: 'clientId', text: ({ jobTitle }) => `An application for "${jobTitle}" was withdrawn.` },
  ],
  'application.accepted': [
    {
      who: 'workerId',
      mail: true,
      text: ({ jobTitle }) => `Your application for "${jobTitle}" was accepted: you have a contract.`,
    },
    {
      who: 'clientId',
      text: ({ jobTitle }) => `You accepted an application for "${jobTitle}": you have a contract.`,
    },
  ],
  'application.rejected': [
    { who: 'workerId', mail: true, text: ({ jobTitle }) => `Someone else was chosen for "${jobTitle}".` },
  ],

  'contract.funded': [
    {
      who: 'workerId',
      mail: true,
      text: ({ jobTitle }) => `"${jobTitle}" is paid for: the money is held for you, so you can start.`,
    },
    { who: 'clientId', text: ({ jobTitle }) => `You paid for "${jobTitle}": the money is held until you approve.` },
  ],
  'contract.funding-failed': [
    {
      who: 'clientId',
      mail: true,
      text: ({ jobTitle }) => `Your payment for "${jobTitle}" failed: nothing was taken. Try another way to pay.`,
    },
  ],
  'contract.delivered': [
    {
      who: 'clientId',
      mail: true,
      text: ({ jobTitle }) => `The work for "${jobTitle}" was delivered: approve it, or open a dispute.`,
    },
  ],
  'contract.approved': [
    {
      who: 'workerId',
      mail: true,
      text: ({ jobTitle }) => `Your work for "${jobTitle}" was approved: the money will be released to you.`,
    },
  ],
  'contract.released': [
    {
      who: 'workerId',
      mail: true,
      text: ({ jobTitle }) => `The money for "${jobTitle}" is in your wallet. You can review the client now.`,
    },
    {
      who: 'clientId',
      text: ({ jobTitle }) => `The money for "${jobTitle}" was released. You can review the worker now.`,
    },
  ],
  // Whoever opened it gets this as a receipt.
  'contract.disputed': both(
    ({ jobTitle }) => `There is a dispute about "${jobTitle}": the money stays where it is until we decide.`,
  ),
  'contract.resolved': both(
    ({ jobTitle }) => `The dispute about "${jobTitle}" was decided: the contract says who gets what.`,
  ),
  'contract.cancelled': both(({ jobTitle }) => `The contract for "${jobTitle}" was cancelled.`),
  'contract.refunded': [
    { who: 'clientId', mail: true, text: ({ jobTitle }) => `Your money for "${jobTitle}" was sent back to you.` },
  ],

  'payout.paid': [{ who: 'userId', mail: true, text: () => 'Your payout was made.' }],
  'payout.failed': [
    { who: 'userId', mail: true, text: () => 'Your payout could not be made: the money is back in your wallet.' },
  ],

  // Neither says what the review says.
  'review.given': [
    {
      who: 'subjectId',
      text: ({ jobTitle }) =>
        `You were reviewed for "${jobTitle}": you see it once you have reviewed too, or after 14 days.`,
    },
  ],
  'review.answered': [
    { who: 'subjectId', text: ({ jobTitle }) => `Both reviews for "${jobTitle}" are in, and can be read.` },
  ],
}

/** What a reader can follow from it. */
export function linksOf(facts: object): { jobId: string | null; contractId: string | null; paymentId: string | null } {
  const { jobId = null, contractId = null, paymentId = null } = facts as Partial<Record<string, string>>
  return { jobId, contractId, paymentId }
}
