// How money goes from account to account: one place that says so, by signs. The lines of each sum to zero.
import type { Movement } from '../ledger/ledger.service.ts'

type Price = { contractId: string; clientId: string; currency: string }
type Paid = { id: string; userId: string; contractId: string | null; amount: number; currency: string }

/**
 * What the platform keeps of what a worker is paid, in minor units: so many basis points (hundredths of a percent), rounded down to a
 * whole unit, so that rounding is never at the worker's expense.
 */
export const feeOf = (amount: number, bps: number) => Number((BigInt(amount) * BigInt(bps)) / 10_000n)

/** The client's money is with the provider, and held for the contract. */
export const fundingOf = ({ id, userId, contractId, amount, currency }: Paid): Movement => ({
  kind: 'funding',
  paymentId: id,
  contractId: contractId ?? '',
  lines: [
    { account: clearing(currency), amount: -amount },
    { account: { owner: userId, kind: 'held', currency }, amount },
  ],
})

/** What is held goes to the worker, less the fee. */
export const releaseOf = (
  { contractId, clientId, currency, workerId, feeBps }: Price & { workerId: string; feeBps: number },
  amount: number,
): Movement => {
  const fee = feeOf(amount, feeBps)
  return {
    kind: 'release',
    contractId,
    lines: [
      { account: { owner: clientId, kind: 'held', currency }, amount: -amount },
      { account: { owner: workerId, kind: 'available', currency }, amount: amount - fee },
      { account: { owner: null, kind: 'fees', currency }, amount: fee },
    ],
  }
}

/** What is held goes back, by the way it came. */
export const refundOf = ({ contractId, clientId, currency }: Price, paymentId: string, amount: number): Movement => ({
  kind: 'refund',
  paymentId,
  contractId,
  lines: [
    { account: { owner: clientId, kind: 'held', currency }, amount: -amount },
    { account: clearing(currency), amount },
  ],
})

/** What a worker has leaves by the provider. */
export const payoutOf = ({ id, userId, amount, currency }: Omit<Paid, 'contractId'>): Movement => ({
  kind: 'payout',
  paymentId: id,
  lines: [
    { account: { owner: userId, kind: 'available', currency }, amount: -amount },
    { account: clearing(currency), amount },
  ],
})

const clearing = (currency: string) => ({ owner: null, kind: 'clearing', currency }) as const
