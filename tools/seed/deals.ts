// What became of each contract, decided once: the rows of contracts, payments, the ledger and reviews are all written from it.

import type { Market } from './market.ts'
import { clientNumber, workerNumber } from './names.ts'
import { shareOf } from './words.ts'

const [hour, day] = [3_600_000, 86_400_000]
/** In which the provider moved nothing: reconciliation compares the last three days with records that it does not have. */
const quiet = 5 * day

export type Deal = {
  /** From 0, in the order of jobs. */
  number: number
  job: number
  application: number
  /** As people. */
  client: number
  worker: number
  amount: number
  currency: string
  status:
    | 'accepted'
    | 'funded'
    | 'delivered'
    | 'approved'
    | 'released'
    | 'disputed'
    | 'resolved'
    | 'cancelled'
    | 'refunded'
  /** In ms; 0 for what did not happen. */
  acceptedAt: number
  fundedAt: number
  deliveredAt: number
  approvedAt: number
  disputedAt: number
  endedAt: number
  /** What the worker got of the price, before the fee, and what the client got back. */
  share: number
  refund: number
  payout: 'none' | 'pending' | 'succeeded' | 'failed'
  paidOutAt: number
}

export const releaseAfter = 3 * day

/** Clients pay in the currency of where they live. */
export const currencyOf = (client: number): string => {
  const share = shareOf(client, 40)
  return share < 0.7 ? 'EUR' : share < 0.9 ? 'USD' : 'GBP'
}

export function createDeals(market: Market): Deal[] {
  const deals: Deal[] = []
  for (let job = 0; job < market.jobs; job++)
    if (Number(market.accepted[job]) >= 0) deals.push(dealOf(market, job, deals.length))
  return deals
}

function dealOf(market: Market, job: number, number: number): Deal {
  const application = Number(market.first[job]) + Number(market.accepted[job])
  const acceptedAt = Number(market.closedAt[job])
  const client = clientNumber(Number(market.client[job]))
  const deal: Deal = {
    ...{ number, job, application, client, worker: workerNumber(Number(market.applicant[application])) },
    ...{ amount: Number(market.budget[job]), currency: currencyOf(client), status: 'accepted', acceptedAt },
    ...{ fundedAt: 0, deliveredAt: 0, approvedAt: 0, disputedAt: 0, endedAt: 0 },
    ...{ share: 0, refund: 0, payout: 'none', paidOutAt: 0 },
  }
  live(deal, market.until)
  return deal
}

/** Takes it from step to step, as far as the time until now allows. */
function live(deal: Deal, until: number): void {
  const [fate, pace] = [shareOf(deal.job, 41), 0.2 + shareOf(deal.job, 42)]
  const settled = until - quiet
  if (fate < 0.06) {
    end(deal, 'cancelled', deal.acceptedAt + 11 * pace * day, until)
    return
  }
  const fundedAt = Math.round(deal.acceptedAt + 5 * pace * day)
  if (fundedAt > settled) return
  Object.assign(deal, { status: 'funded', fundedAt })
  if (fate < 0.1) {
    end(deal, 'refunded', fundedAt + 6 * pace * day, settled)
    if (deal.endedAt) deal.refund = deal.amount
    return
  }
  const deliveredAt = Math.round(fundedAt + 20 * pace * day)
  if (deliveredAt > until) return
  Object.assign(deal, { status: 'delivered', deliveredAt })
  if (fate < 0.13) {
    dispute(deal, Math.round(deliveredAt + day), settled)
    return
  }
  const approvedAt = Math.round(deliveredAt + 3 * pace * day)
  if (approvedAt > until) return
  Object.assign(deal, { status: 'approved', approvedAt })
  end(deal, 'released', approvedAt + releaseAfter, until)
  if (!deal.endedAt) return
  deal.share = deal.amount
  payOut(deal, until, settled)
}

function end(deal: Deal, status: Deal['status'], at: number, last: number): void {
  if (at <= last) Object.assign(deal, { status, endedAt: Math.round(at) })
}

/** Decided after ten days: for the worker, for the client, or half and half. */
function dispute(deal: Deal, disputedAt: number, settled: number): void {
  if (disputedAt > settled) return
  Object.assign(deal, { status: 'disputed', disputedAt })
  end(deal, 'resolved', disputedAt + 10 * day, settled)
  if (!deal.endedAt) return
  deal.share = Math.floor((deal.amount * Math.floor(shareOf(deal.job, 43) * 3)) / 2)
  deal.refund = deal.amount - deal.share
}

/** Most of what was earned is paid out soon. What was asked for in the last hours is on its way: a worker that starts sends it. */
function payOut(deal: Deal, until: number, settled: number): void {
  const fate = shareOf(deal.job, 44)
  if (fate > 0.7) return
  const at = Math.round(deal.endedAt + day * (1 + fate))
  if (at <= settled) Object.assign(deal, { payout: fate < 0.01 ? 'failed' : 'succeeded', paidOutAt: at })
  else if (fate < 0.02) Object.assign(deal, { payout: 'pending', paidOutAt: until - hour })
}
