import type { Static } from 'typebox'
import { Id, Instant, Money, OneOf, PageOf, PageQuery, Strict, Uuid } from '../../lib/schemas.ts'

export const Contract = Strict(
  {
    id: Uuid,
    jobId: Id('The job that it is about'),
    applicationId: Id('The application that was accepted'),
    clientId: Id('Who pays'),
    workerId: Id('Who works'),
    price: Money,
    status: OneOf(['accepted']),
    createdAt: Instant,
  },
  { title: 'Contract', description: 'What a client and a worker agreed on' },
)
export type Contract = Static<typeof Contract>

export const ContractQuery = Strict(PageQuery)
export type ContractQuery = Static<typeof ContractQuery>

export const ContractPage = PageOf(Contract, { title: 'ContractPage', description: 'A page of contracts' })
