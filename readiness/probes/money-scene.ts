// Contracts with money in them, as probes need them: made by calls, and paid through the sandbox.
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { red } from '../control.ts'
import { operationOf } from './routes-table.ts'
import { invoke, make, openJob } from './scene.ts'

export type Parties = { client: Person; worker: Person }
type Contract = { id: string; status: string; price: { amount: number } }

/** The two parties of the contracts to come. */
export async function parties({ api }: Context): Promise<Parties> {
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  return { client, worker }
}

/** A contract that nobody has paid for. */
export async function agreed({ client, worker }: Parties, amount = 10_000): Promise<string> {
  const body = { ...operationOf('createJob').body?.(), budget: { amount, currency: 'EUR' } }
  const { id: part } = await openJob(client.call, { body })
  const { id } = await make(worker.call, 'applyForJob', { part })
  return (await make(client.call, 'acceptApplication', { part: id })).id
}

/** Asks the provider for the price; 201 or 202. */
export async function fund({ client }: Pick<Parties, 'client'>, part: string): Promise<Answer> {
  const answer = await invoke(client.call, 'fundContract', { part })
  if (answer.status !== 201 && answer.status !== 202)
    red('cannot-fund', `${answer.status} ${answer.text.slice(0, 300)}`)
  return answer
}

/** A contract whose price is held. */
export async function funded(both: Parties, amount?: number): Promise<string> {
  const id = await agreed(both, amount)
  const { status } = await fund(both, id)
  if (status !== 201) red('cannot-fund', `${status} where the provider is quick`)
  return id
}

/** Gives the worker what a price leaves after the fee, at once: by a dispute that an admin decides. */
export async function earned(context: Context, both: Parties, amount?: number): Promise<string> {
  const admin = await context.api.as('admin')
  const part = await funded(both, amount)
  await make(both.client.call, 'disputeContract', { part })
  await make(admin.call, 'resolveDispute', { part, body: { outcome: 'release' } })
  return part
}

export async function contractOf(call: Call, id: string): Promise<Contract> {
  return (await make(call, 'getContract', { part: id })) as unknown as Contract
}

/** What the books say of a contract, in minor units: what is held of it, and what left. */
export async function heldFor({ sql }: Context, contractId: string): Promise<number> {
  const [row] = await sql.owner<{ held: number }>(
    `SELECT coalesce(sum(amount), 0)::float8 AS held FROM ledger_entries
     JOIN ledger_transfers ON ledger_transfers.id = transfer_id JOIN ledger_accounts ON ledger_accounts.id = account_id
     WHERE contract_id = $1 AND phase = 'posted' AND ledger_accounts.kind = 'held'`,
    [contractId],
  )
  return row?.held ?? 0
}

/** The charges that succeeded at the provider for a contract. */
export const chargesFor = ({ payments }: Context, contractId: string) =>
  payments
    .objects('charge')
    .filter(({ metadata, status }) => status === 'succeeded' && metadata?.contractId === contractId)
