// The rows of contracts, their payments and reviews, and of the ledger.

import { type Account, accountKey } from './accounts.ts'
import type { Rows } from './copy.ts'
import { type Deal, releaseAfter } from './deals.ts'
import { idOf, jobIdOf } from './names.ts'
import { feeBps, feeOfDeal, paymentsOf, transfersOf } from './transfers.ts'
import { shareOf, skewed } from './words.ts'

const day = 86_400_000
const dateOf = (ms: number) => (ms ? new Date(ms) : null)
const person = (number: number) => idOf('person', number)

export function contractRows(deals: Deal[]): Rows {
  const columns =
    'id, job_id, application_id, client_id, worker_id, amount, currency, fee_bps, status, created_at, updated_at, funded_at, delivered_at, approved_at, releases_at, disputed_at, disputed_by, dispute_reason, worker_share, ended_at'
  return { table: 'contracts', columns, rows: rows() }

  function* rows() {
    for (const deal of deals) {
      const { fundedAt, deliveredAt, approvedAt, disputedAt, endedAt, acceptedAt } = deal
      const isDisputed = disputedAt > 0
      yield [
        ...[
          idOf('contract', deal.number),
          jobIdOf(deal.job),
          idOf('application', deal.application),
          person(deal.client),
          person(deal.worker),
        ],
        ...[deal.amount, deal.currency, feeBps, deal.status, dateOf(acceptedAt)],
        ...[
          dateOf(Math.max(acceptedAt, fundedAt, deliveredAt, approvedAt, disputedAt, endedAt)),
          dateOf(fundedAt),
          dateOf(deliveredAt),
        ],
        ...[dateOf(approvedAt), dateOf(approvedAt && approvedAt + releaseAfter), dateOf(disputedAt)],
        ...[isDisputed ? person(deal.client) : null, isDisputed ? 'It is not what we agreed on.' : null],
        ...[deal.status === 'resolved' ? deal.share : null, dateOf(endedAt)],
      ]
    }
  }
}

/** One charge in fifty is the second: the first was refused. */
export function paymentRows(deals: Deal[]): Rows {
  const columns =
    'id, kind, user_id, contract_id, amount, currency, method, charge_id, status, provider_id, transfer_id, failure, tries, created_at, next_try_at, finished_at'
  return { table: 'payments', columns, rows: rows() }

  function* rows() {
    for (const deal of deals) {
      if (!deal.fundedAt) continue
      const { charge, refund, payout, refused } = paymentsOf(deal)
      const [contract, first, { currency }] = [idOf('contract', deal.number), deal.number * 8, deal]
      const funded = new Date(deal.fundedAt)
      const end = (number: number, status: string, at: Date, transfer: number | undefined) => [
        ...[
          status,
          status === 'pending' ? null : `seeded_${number}`,
          transfer === undefined ? null : idOf('transfer', transfer),
        ],
        ...[
          status === 'failed' ? 'card_declined' : null,
          status === 'pending' ? 0 : 1,
          at,
          at,
          status === 'pending' ? null : at,
        ],
      ]
      const paid = [person(deal.client), contract, deal.amount, currency]
      if (shareOf(deal.number, 60) < 0.02)
        yield [
          idOf('payment', refused),
          'charge',
          ...paid,
          'pm_card_visa',
          null,
          ...end(refused, 'failed', funded, undefined),
        ]
      yield [
        idOf('payment', charge),
        'charge',
        ...paid,
        'pm_card_visa',
        null,
        ...end(charge, 'succeeded', funded, first),
      ]
      if (deal.refund > 0) {
        const back = [person(deal.client), contract, deal.refund, currency, null, idOf('payment', charge)]
        yield [
          idOf('payment', refund),
          'refund',
          ...back,
          ...end(refund, 'succeeded', new Date(deal.endedAt), first + 2),
        ]
      }
      if (deal.payout !== 'none') {
        const earned = [
          person(deal.worker),
          null,
          deal.share - feeOfDeal(deal),
          currency,
          `acct_seeded_${deal.worker}`,
          null,
        ]
        yield [
          idOf('payment', payout),
          'payout',
          ...earned,
          ...end(payout, deal.payout, new Date(deal.paidOutAt), first + 4),
        ]
      }
    }
  }
}

export function accountRows(accounts: Iterable<Account>, until: number): Rows {
  return {
    table: 'ledger_accounts',
    columns: 'id, user_id, kind, currency, posted, reserved, created_at',
    rows: rows(),
  }

  function* rows() {
    for (const { number, owner, kind, currency, posted, reserved } of accounts)
      yield [
        idOf('account', number),
        owner === null ? null : person(owner),
        kind,
        currency,
        posted,
        reserved,
        new Date(until),
      ]
  }
}

export function transferRows(deals: Deal[]): Rows {
  const columns = 'id, phase, settles, kind, contract_id, payment_id, currency, entry_count, created_at'
  return { table: 'ledger_transfers', columns, rows: rows() }

  function* rows() {
    for (const deal of deals)
      for (const { number, phase, settles, kind, payment, at, lines } of transfersOf(deal))
        yield [
          ...[idOf('transfer', number), phase, settles === undefined ? null : idOf('transfer', settles), kind],
          ...[
            kind === 'payout' ? null : idOf('contract', deal.number),
            payment === undefined ? null : idOf('payment', payment),
          ],
          ...[deal.currency, lines.length, new Date(at)],
        ]
  }
}

export function entryRows(deals: Deal[], accounts: ReadonlyMap<string, Account>): Rows {
  return { table: 'ledger_entries', columns: 'transfer_id, account_id, currency, amount', rows: rows() }

  function* rows() {
    for (const deal of deals)
      for (const { number, lines } of transfersOf(deal))
        for (const { owner, kind, amount } of lines) {
          const account = accounts.get(accountKey(owner, kind, deal.currency))
          yield [idOf('transfer', number), idOf('account', account?.number ?? -1), deal.currency, amount]
        }
  }
}

const praise = [
  'Good work, and on time.',
  'Would do it again.',
  'Clear words from the first day.',
  'It took long, but it holds.',
  'Not what I hoped for.',
]

/** Of contracts that were worked for: a side that does not review makes the other's wait for two weeks. */
export function reviewRows(deals: Deal[], until: number): Rows {
  const columns = 'id, contract_id, author_id, subject_id, rating, text, created_at, visible_at'
  return { table: 'reviews', columns, rows: rows() }

  function* rows() {
    for (const { number, client, worker, status, endedAt } of deals) {
      if (status !== 'released' && status !== 'resolved') continue
      const sides = [client, worker].map((author, side) => ({
        ...{ side, author, subject: side === 0 ? worker : client, isGiven: shareOf(number, 61 + side) < 0.7 },
        at: Math.round(endedAt + 7 * day * shareOf(number, 63 + side)),
      }))
      const given = sides.filter(({ isGiven, at }) => isGiven && at <= until)
      const visible = given.length === 2 ? Math.max(...given.map(({ at }) => at)) : endedAt + 14 * day
      for (const { side, author, subject, at } of given) {
        const share = shareOf(number, 65 + side)
        const text = skewed(praise, share)
        const rating = 5 - Math.floor(share * share * 5)
        yield [
          idOf('review', number * 2 + side),
          idOf('contract', number),
          person(author),
          person(subject),
          rating,
          text,
          new Date(at),
          new Date(visible),
        ]
      }
    }
  }
}
