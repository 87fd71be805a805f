// What everyone has when all money has moved.
import type { Deal } from './deals.ts'
import { transfersOf } from './transfers.ts'

export type Account = {
  number: number
  owner: number | null
  kind: string
  currency: string
  posted: number
  reserved: number
}

/** The accounts that the money of all of them is on, with what they hold. */
export function createAccounts(deals: Deal[]): Map<string, Account> {
  const accounts = new Map<string, Account>()
  for (const deal of deals)
    for (const { phase, settles, lines } of transfersOf(deal))
      for (const { owner, kind, amount } of lines) {
        const key = accountKey(owner, kind, deal.currency)
        let account = accounts.get(key)
        if (!account) {
          account = { number: accounts.size, owner, kind, currency: deal.currency, posted: 0, reserved: 0 }
          accounts.set(key, account)
        }
        if (phase === 'posted') account.posted += amount
        if (amount < 0 && phase === 'pending') account.reserved -= amount
        if (amount < 0 && settles !== undefined) account.reserved += amount
      }
  return accounts
}

export const accountKey = (owner: number | null, kind: string, currency: string): string =>
  `${owner} ${kind} ${currency}`
