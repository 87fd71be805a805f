// What people do with their money, at random: each step follows from the seed and its number alone, so that a run can be played again.
import { randomOf } from '../random.ts'

export type Contract = { id: string; client: number; worker: number; price: number }
export type Step = {
  name: 'funding' | 'delivery' | 'approval' | 'dispute' | 'cancellation' | 'resolution' | 'payout'
  as: 'client' | 'worker' | 'admin'
  path: string
  body?: object
  /** Of a contract; undefined for payouts. */
  contract?: Contract
  worker: number
  key: string
  /** The same call at the same time. */
  isTwin: boolean
}

type Name = Step['name']
const words = (text: string) => text.split(' ') as Name[]
/**
 * What is tried with a contract in the four parts of its time, each word as often as any other of its line. Nobody asks first in which
 * state it is, so that much is refused, too early or too late.
 */
const parts = [
  words('funding funding funding funding funding funding delivery cancellation payout'),
  words('delivery delivery delivery delivery funding funding approval dispute cancellation payout'),
  words('approval approval approval approval delivery delivery dispute payout resolution'),
  words('resolution resolution resolution dispute approval payout payout payout payout'),
]
/** Contracts whose time it is at any moment. */
const atOnce = 6
/** Of a hundred: the call of a step before once more, and a call that is sent twice at once. */
const [repeated, twins] = [10, 8]
/** Of cards and accounts, some are refused. */
const [card, account] = [
  [...Array<string>(7).fill('pm_card_visa'), 'pm_card_chargeDeclined', 'pm_card_authenticationRequired'],
  [...Array<string>(5).fill('acct_worker'), 'acct_refused'],
]

type Play = { seed: number; operations: number; contracts: Contract[] }

/** The step of a number, counted from 0. */
export function stepOf(play: Play, number: number): Step {
  const { seed, operations, contracts } = play
  const random = randomOf(seed * 1_000_003 + number)
  const below = (count: number) => Math.floor(random() * count)
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T
  if (number > 0 && below(100) < repeated) return stepOf(play, number - 1 - below(Math.min(number, 40)))

  // Contracts have their time one after the other, each beside some others.
  const now = (number / operations) * (contracts.length + atOnce)
  const place = Math.min(Math.max(Math.floor(now - random() * atOnce), 0), contracts.length - 1)
  const part = Math.min(Math.floor(((now - place) / atOnce) * parts.length), parts.length - 1)
  const [contract, name] = [contracts[place] as Contract, oneOf(parts[part] as Name[])]
  const common = { contract, worker: contract.worker, key: `chaos-${seed}-${number}`, isTwin: below(100) < twins }
  const path = `/v1/contracts/${contract.id}/${name}`
  if (name === 'funding') return { ...common, name, as: 'client', path, body: { paymentMethod: oneOf(card) } }
  if (name === 'delivery') return { ...common, name, as: 'worker', path }
  if (name === 'approval') return { ...common, name, as: 'client', path }
  if (name === 'dispute')
    return { ...common, name, as: oneOf(['client', 'worker']), path, body: { reason: `Reason ${number}` } }
  if (name === 'cancellation') return { ...common, name, as: oneOf(['client', 'worker', 'worker']), path }
  if (name === 'resolution') {
    const outcome = oneOf(['release', 'refund', 'split', 'split'])
    const share = outcome === 'split' ? { workerAmount: 1 + below(contract.price - 1) } : {}
    return {
      ...common,
      name,
      as: 'admin',
      path: `/v1/admin/disputes/${contract.id}/resolution`,
      body: { outcome, ...share },
    }
  }
  const amount = { amount: 1 + below(20_000), currency: 'EUR' }
  const { contract: _, ...own } = common
  return { ...own, name, as: 'worker', path: '/v1/me/payouts', body: { amount, destination: oneOf(account) } }
}
