import type { Tx } from '../../db/client.ts'
import { outbox } from '../../db/outbox.ts'
import type { Reads } from '../../db/reads.ts'
import { type Actor, isStaff, type Seen } from '../../lib/actor.ts'
import type { EventKind } from '../../lib/events.schemas.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Audit } from '../audit/audit.service.ts'
import type { JobsService } from '../jobs/jobs.service.ts'
import { contractNotFound, contractNotThere } from './contracts.errors.ts'
import {
  type ContractRow,
  findContract,
  insertContract,
  listContracts,
  listDue,
  lockContract,
  lockDue,
  type Step,
  updateContract,
} from './contracts.repository.ts'
import type { Contract, ContractQuery } from './contracts.schemas.ts'
import { type ContractStatus, nextOf } from './lifecycle.ts'

type Deps = { reads: Reads; cursors: Cursors; audit: Audit; jobs: Pick<JobsService, 'getAny'>; feeBps: number }
type Terms = Pick<ContractRow, 'jobId' | 'applicationId' | 'clientId' | 'workerId' | 'amount' | 'currency'>
type Party = 'client' | 'worker'
type Move = {
  by: Actor | Seen
  /** For the trail, after `contract.`. */
  action: string
  to: ContractStatus
  event?: Extract<EventKind, `contract.${string}`>
} & Step

export type ContractsService = ReturnType<typeof createContractsService>

/** What contracts are, and how one goes from state to state; what money does meanwhile is in modules/payments/escrow.service.ts. */
export function createContractsService({ reads, cursors, audit, jobs, feeBps }: Deps) {
  return { make, get, list, hold, listDue, holdDue: lockDue, move, toContract }

  /** In the transaction of the acceptance. */
  async function make(tx: Tx, terms: Terms): Promise<Contract> {
    return toContract(await insertContract(tx, { ...terms, feeBps }))
  }

  async function get(actor: Actor, id: string): Promise<Contract> {
    const row = await findContract(reads.newest, id)
    if (!row || !(isStaff(actor) || isParty(row, actor, ['client', 'worker']))) throw contractNotFound(id)
    return toContract(row)
  }

  async function list(actor: Actor, { cursor, limit }: ContractQuery): Promise<Page<Contract>> {
    const party = isStaff(actor) ? undefined : actor.id
    const name = `contracts ${party ?? ''}`
    const rows = await listContracts(reads.recent(actor), party, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ createdAt, id }) => [createdAt, id])
    return { data: data.map(toContract), page }
  }

  /** The contract for this transaction alone; for those of its parties who are named, or, without an actor, for the service itself. */
  async function hold(
    tx: Tx,
    id: string,
    actor?: Actor,
    parties: Party[] = ['client', 'worker'],
  ): Promise<ContractRow> {
    const row = await lockContract(tx, id)
    if (!row || (actor && !isParty(row, actor, parties))) throw contractNotFound(id)
    return row
  }

  /** One step of one that is held: refused (409) where the table of lifecycle.ts has none, written down, and told. */
  async function move(tx: Tx, row: ContractRow, { by, action, to, event, ...step }: Move): Promise<ContractRow> {
    const next = nextOf(row)
    if (!next.includes(to)) throw contractNotThere(row.status, to, next)
    const moved = await updateContract(tx, row.id, to, step)
    const { workerShare, disputeReason } = moved
    await audit(tx, by, `contract.${action}`, row.id, {
      before: { status: row.status, workerShare: row.workerShare, disputeReason: row.disputeReason },
      after: { status: to, workerShare, disputeReason },
    })
    if (event) {
      const { id: contractId, jobId, clientId, workerId } = row
      const { title: jobTitle } = await jobs.getAny(tx, jobId)
      await outbox(tx, event, `contract:${contractId}`, { contractId, jobId, jobTitle, clientId, workerId }, by)
    }
    return moved
  }
}

const isParty = ({ clientId, workerId }: ContractRow, { id }: Actor, parties: Party[]) =>
  (parties.includes('client') && clientId === id) || (parties.includes('worker') && workerId === id)

function toContract({ amount, currency, ...contract }: ContractRow): Contract {
  return { ...contract, price: { amount, currency: currency as Contract['price']['currency'] } }
}
