// The money of a contract as transfers of the ledger, by the same rules as the service's own (src/modules/payments/movements.ts).
import { feeOf, fundingOf, payoutOf, refundOf, releaseOf } from '../../src/modules/payments/movements.ts'
import type { Deal } from './deals.ts'

/** What the platform keeps, in basis points: the default of PLATFORM_FEE_BPS. */
export const feeBps = 1000

type Line = { owner: number | null; kind: string; amount: number }
export type Transfer = {
  number: number
  phase: 'pending' | 'posted' | 'voided'
  settles?: number
  kind: 'funding' | 'release' | 'refund' | 'payout'
  /** The number of its payment. */
  payment?: number
  at: number
  lines: Line[]
}

export const feeOfDeal = ({ share }: Pick<Deal, 'share'>): number => feeOf(share, feeBps)

/** The numbers of a contract's payments. */
export const paymentsOf = ({ number }: Pick<Deal, 'number'>) => ({
  charge: number * 4,
  refund: number * 4 + 1,
  payout: number * 4 + 2,
  refused: number * 4 + 3,
})

/** In the order in which they were written. What waited for the provider is there twice: as announced, and as it ended. */
export function transfersOf(deal: Deal): Transfer[] {
  if (!deal.fundedAt) return []
  const { amount, currency, share, refund, endedAt, payout, paidOutAt } = deal
  const [client, worker] = [String(deal.client), String(deal.worker)]
  const price = { contractId: '', clientId: client, workerId: worker, currency, feeBps }
  const paid = { id: '', userId: client, contractId: '', amount, currency }
  const numbers = paymentsOf(deal)
  const first = deal.number * 8
  const made: Transfer[] = [
    {
      number: first,
      phase: 'posted',
      kind: 'funding',
      payment: numbers.charge,
      at: deal.fundedAt,
      lines: linesOf(fundingOf(paid)),
    },
  ]
  if (share > 0)
    made.push({
      number: first + 1,
      phase: 'posted',
      kind: 'release',
      at: endedAt,
      lines: linesOf(releaseOf(price, share)),
    })
  if (refund > 0) {
    const both = { kind: 'refund' as const, payment: numbers.refund, lines: linesOf(refundOf(price, '', refund)) }
    made.push({ ...both, number: first + 2, phase: 'pending', at: endedAt })
    made.push({ ...both, number: first + 3, phase: 'posted', settles: first + 2, at: endedAt })
  }
  if (payout !== 'none') {
    const earned = { id: '', userId: worker, amount: share - feeOfDeal(deal), currency }
    const both = { kind: 'payout' as const, payment: numbers.payout, lines: linesOf(payoutOf(earned)) }
    made.push({ ...both, number: first + 4, phase: 'pending', at: paidOutAt })
    const phase = payout === 'failed' ? 'voided' : 'posted'
    if (payout !== 'pending') made.push({ ...both, number: first + 5, phase, settles: first + 4, at: paidOutAt })
  }
  return made
}

type Movement = ReturnType<typeof fundingOf>
/** The service leaves out lines of nothing too. */
const linesOf = ({ lines }: Movement): Line[] =>
  lines.flatMap(({ account: { owner, kind }, amount }) =>
    amount === 0 ? [] : [{ owner: owner === null ? null : Number(owner), kind, amount }],
  )
