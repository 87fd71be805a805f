import { type Static, Type } from 'typebox'
import { Id, Instant, Money, Nullable, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

export const Payment = Strict(
  {
    id: Uuid,
    kind: OneOf(['charge', 'refund', 'payout'], {
      description: 'Paid into escrow by a client, paid back to one, or paid out to a worker',
    }),
    userId: Id('Whose money it is'),
    contractId: Nullable(Id('The contract that it is for; none of a payout')),
    amount: Money,
    status: OneOf(['pending', 'succeeded', 'failed'], { description: 'How far it is; the last two are for good' }),
    failure: Nullable(
      Text(1, 200, { description: 'Why it failed, in the word of the provider', examples: ['card_declined'] }),
    ),
    createdAt: Instant,
    finishedAt: Nullable(Instant),
  },
  { title: 'Payment', description: 'Money that the provider moves for us' },
)
export type Payment = Static<typeof Payment>

export const PaymentQuery = Strict(PageQuery)
export type PaymentQuery = Static<typeof PaymentQuery>

export const PaymentPage = PageOf(Payment, { title: 'PaymentPage', description: 'A page of payments' })

export const Funding = Strict(
  {
    paymentMethod: Type.String({
      pattern: '^pm_[A-Za-z0-9_]{1,90}$',
      minLength: 4,
      maxLength: 93,
      description: 'Made by the provider from a card that this service never sees',
      examples: ['pm_card_visa'],
    }),
  },
  { title: 'Funding', description: 'How to pay' },
)
export type Funding = Static<typeof Funding>

export const NewPayout = Strict(
  {
    amount: Money,
    destination: Type.String({
      pattern: '^acct_[A-Za-z0-9_]{1,90}$',
      minLength: 6,
      maxLength: 95,
      description: 'Your account at the provider',
      examples: ['acct_1032D82eZvKYlo2C'],
    }),
  },
  { title: 'NewPayout', description: 'What to pay out, and where to' },
)
export type NewPayout = Static<typeof NewPayout>
