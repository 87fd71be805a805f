import type { Database, Tx } from '../../db/client.ts'
import { type Actor, isStaff } from '../../lib/actor.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import { contractNotFound } from './contracts.errors.ts'
import { type ContractRow, findContract, insertContract, listContracts } from './contracts.repository.ts'
import type { Contract, ContractQuery } from './contracts.schemas.ts'

type Deps = { db: Database; cursors: Cursors }
type Terms = Pick<ContractRow, 'jobId' | 'applicationId' | 'clientId' | 'workerId' | 'amount' | 'currency'>

export type ContractsService = ReturnType<typeof createContractsService>

export function createContractsService({ db, cursors }: Deps) {
  return { make, get, list }

  /** In the transaction of the acceptance. */
  async function make(tx: Tx, terms: Terms): Promise<Contract> {
    return toContract(await insertContract(tx, terms))
  }

  async function get(actor: Actor, id: string): Promise<Contract> {
    const row = await findContract(db, id)
    const may = row && (isStaff(actor) || row.clientId === actor.id || row.workerId === actor.id)
    if (!may) throw contractNotFound(id)
    return toContract(row)
  }

  async function list(actor: Actor, { cursor, limit }: ContractQuery): Promise<Page<Contract>> {
    const party = isStaff(actor) ? undefined : actor.id
    const name = `contracts ${party ?? ''}`
    const rows = await listContracts(db, party, { limit, after: cursors.read(cursor, name) })
    const { data, page } = cursors.pageOf(rows, limit, name, ({ createdAt, id }) => [createdAt, id])
    return { data: data.map(toContract), page }
  }
}

function toContract({ amount, currency, ...contract }: ContractRow): Contract {
  return { ...contract, price: { amount, currency: currency as Contract['price']['currency'] } }
}
