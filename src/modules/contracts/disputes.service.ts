import type { Reads } from '../../db/reads.ts'
import type { Cursors, Page } from '../../lib/page.ts'
import type { Contract, ContractQuery } from './contracts.schemas.ts'
import type { ContractsService } from './contracts.service.ts'
import { listDisputed } from './disputes.repository.ts'

type Deps = { reads: Pick<Reads, 'newest'>; cursors: Cursors; contracts: Pick<ContractsService, 'toContract'> }

export type DisputesService = ReturnType<typeof createDisputesService>

export function createDisputesService({ reads, cursors, contracts }: Deps) {
  return { list }

  async function list({ cursor, limit }: ContractQuery): Promise<Page<Contract>> {
    const rows = await listDisputed(reads.newest, { limit, after: cursors.read(cursor, 'disputes') })
    const { data, page } = cursors.pageOf(rows, limit, 'disputes', ({ disputedAt, id }) => [disputedAt ?? '', id])
    return { data: data.map(contracts.toContract), page }
  }
}
