import { type Static, Type } from 'typebox'
import { Currency, Strict } from '../../lib/schemas.ts'

const Amount = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description, examples: [125_000] })

const Balance = Strict(
  {
    currency: Currency,
    available: Amount('Minor units that can be paid out'),
    reserved: Amount('Minor units on their way out: in payouts, and back to you in refunds'),
    held: Amount('Minor units that you paid for contracts which have not ended'),
  },
  { title: 'Balance', description: 'What you have in one currency; no part is counted twice' },
)

export const Wallet = Strict(
  { balances: Type.Array(Balance, { maxItems: 100, description: 'One for each currency that you ever had' }) },
  { title: 'Wallet', description: 'What you have' },
)
export type Wallet = Static<typeof Wallet>
