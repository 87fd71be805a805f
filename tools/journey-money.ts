// The second half of the journey: what was agreed on is paid, worked for, released and paid out, and both sides review each other.
import { setTimeout as delay } from 'node:timers/promises'
import type { Caller, Json, Person } from './journey.ts'

type Parties = { client: Person; worker: Person }
type Say = (line: string) => void
type Amount = { amount: number; currency: string }

/** Milliseconds that a release may lie ahead to be waited for; what is due is then looked for each minute. */
const ahead = 60_000
/** Milliseconds that anything may take which the service does by itself. */
const patience = 150_000

/** Funded, delivered, approved. Answers the contract, whose money is released after its buffer. */
export async function work(
  call: Caller,
  { id }: Json,
  { client, worker }: Parties,
  say: Say = () => {},
): Promise<Json> {
  const body = { paymentMethod: 'pm_card_visa' }
  const payment = await ended(call, client, await call('POST', `/v1/contracts/${id}/funding`, { as: client, body }))
  say(`the client paid ${textOf(payment.amount)}, which is held: payment ${payment.id}`)
  await call('POST', `/v1/contracts/${id}/delivery`, { as: worker })
  say('the worker delivered')
  const approved = await call('POST', `/v1/contracts/${id}/approval`, { as: client })
  say(`the client approved: the money is released at ${approved.releasesAt}`)
  return approved
}

/** Undefined where the buffer is longer than anyone would wait here. */
export async function released(call: Caller, { id, releasesAt }: Json, worker: Person): Promise<Json | undefined> {
  if (Date.parse(String(releasesAt)) - Date.now() > ahead) return undefined
  return until('The release', async () => {
    const contract = await call('GET', `/v1/contracts/${id}`, { as: worker })
    return contract.status === 'released' ? contract : undefined
  })
}

/** All that the worker has goes to an account at the provider. */
export async function payOut(call: Caller, worker: Person, say: Say = () => {}): Promise<Json> {
  const { balances } = await call('GET', '/v1/me/wallet', { as: worker })
  const [{ available, currency }] = balances as [{ available: number; currency: string }]
  const amount = { amount: available, currency }
  say(`the worker has ${textOf(amount)}: the price less the fee`)
  const body = { amount, destination: 'acct_demo' }
  const payment = await ended(call, worker, await call('POST', '/v1/me/payouts', { as: worker, body }))
  say(`and had it paid out: payment ${payment.id}`)
  return payment
}

/** Each side writes before it sees what the other wrote; then both can be read, by anybody. */
export async function review(call: Caller, { id }: Json, { client, worker }: Parties, say: Say = () => {}) {
  const path = `/v1/contracts/${id}/reviews`
  await call('POST', path, { as: client, body: { rating: 5, text: 'Twelve lines, spliced well.' } })
  const blind = (await call('GET', path, { as: worker })).data as unknown[]
  if (blind.length !== 0) throw new Error('The worker sees the client’s review before their own is in')
  say('the client reviewed the worker, who does not see it yet')
  await call('POST', path, { as: worker, body: { rating: 4, text: 'Paid at once.' } })
  const open = (await call('GET', path, { as: worker })).data as unknown[]
  if (open.length !== 2) throw new Error(`Both reviews are in, and ${open.length} can be seen`)
  const { summary } = await call('GET', `/v1/users/${worker.id}/reviews`)
  const { count, average } = summary as { count: number; average: number }
  say(`the worker reviewed the client: both can be read, and the worker stands at ${average} of 5 (reviews: ${count})`)
}

/** The payment that a call made, at once or, where the provider is slow, by an operation. */
async function ended(call: Caller, as: Person, answer: Json): Promise<Json> {
  if (answer.amount) return answer
  return until('The payment', async () => {
    const { status, result, error } = await call('GET', `/v1/operations/${answer.id}`, { as })
    if (status === 'failed') throw new Error(String(error))
    return status === 'succeeded' ? call('GET', (result as { href: string }).href, { as }) : undefined
  })
}

/** Asks again until there is an answer, or the time is over. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`${what} did not come within ${patience / 1000} s`)
    await delay(200)
  }
}

function textOf(money: unknown): string {
  const { amount, currency } = money as Amount
  return `${(amount / 100).toFixed(2)} ${currency}`
}
