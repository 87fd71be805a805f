// What happened in the last four weeks, in its order: events that were told, and are still kept (EVENTS_KEPT_DAYS).
import type { EventKind } from '../../src/lib/events.schemas.ts'
import type { Deal } from './deals.ts'
import { type Market, sentAt } from './market.ts'
import { clientNumber, idOf, jobIdOf, workerNumber } from './names.ts'
import { paymentsOf } from './transfers.ts'
import { titleOf } from './words.ts'

const window = 28 * 86_400_000

/** `facts` are the payload by the schema of its kind. */
export type SeededEvent = { at: number; kind: EventKind; aggregate: string; facts: Record<string, string> }

export function createEvents(market: Market, deals: Deal[]): SeededEvent[] {
  const since = market.until - window
  const found: SeededEvent[] = []
  for (let job = 0; job < market.jobs; job++) {
    if (!isRecent(market, job, since)) continue
    const clientId = idOf('person', clientNumber(Number(market.client[job])))
    const about = { jobId: jobIdOf(job), jobTitle: titleOf(job), clientId }
    for (let at = Number(market.first[job]); at < Number(market.first[job + 1]); at++) {
      const [applicationId, workerId] = [
        idOf('application', at),
        idOf('person', workerNumber(Number(market.applicant[at]))),
      ]
      const facts = { applicationId, ...about, workerId }
      add(sentAt(market, job, at), 'application.submitted', `application:${applicationId}`, facts)
    }
  }
  for (const deal of deals) addDeal(deal)
  return found.sort((one, other) => one.at - other.at)

  function add(at: number, kind: EventKind, aggregate: string, facts: Record<string, string>): void {
    if (at > since && at <= market.until) found.push({ at, kind, aggregate, facts })
  }

  function addDeal(deal: Deal): void {
    const [clientId, workerId] = [idOf('person', deal.client), idOf('person', deal.worker)]
    const [contractId, applicationId] = [idOf('contract', deal.number), idOf('application', deal.application)]
    const facts = { contractId, jobId: jobIdOf(deal.job), jobTitle: titleOf(deal.job), clientId, workerId }
    add(deal.acceptedAt, 'application.accepted', `application:${applicationId}`, { applicationId, ...facts })
    const steps = [
      ...([
        ['funded', deal.fundedAt],
        ['delivered', deal.deliveredAt],
        ['approved', deal.approvedAt],
      ] as const),
      ...([
        ['disputed', deal.disputedAt],
        [deal.status, deal.endedAt],
      ] as const),
    ]
    for (const [step, at] of steps)
      if (at > 0) add(at, `contract.${step}` as EventKind, `contract:${contractId}`, facts)
    if (deal.payout === 'succeeded' || deal.payout === 'failed') {
      const paymentId = idOf('payment', paymentsOf(deal).payout)
      const kind = deal.payout === 'succeeded' ? 'payout.paid' : 'payout.failed'
      add(deal.paidOutAt, kind, `payment:${paymentId}`, { paymentId, userId: workerId })
    }
  }
}

const isRecent = ({ published, closedAt }: Market, job: number, since: number) =>
  (closedAt[job] || Number.POSITIVE_INFINITY) > since && published[job] !== undefined
