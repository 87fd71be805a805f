import { type Static, Type } from 'typebox'
import { Id, Instant, Money, Nullable, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'
import { type ContractStatus, transitions } from './lifecycle.ts'

const moment = (description: string) =>
  Nullable(Type.String({ format: 'date-time', maxLength: 30, description: `When ${description}` }))
const amount = (minimum: number, description: string) =>
  Type.Integer({ minimum, maximum: 1_000_000_000_000, format: 'int64', description })

export const Contract = Strict(
  {
    id: Uuid,
    jobId: Id('The job that it is about'),
    applicationId: Id('The application that was accepted'),
    clientId: Id('Who pays'),
    workerId: Id('Who works'),
    price: Money,
    feeBps: Type.Integer({
      minimum: 0,
      maximum: 5000,
      format: 'int32',
      description: 'What the platform keeps of what the worker gets, in hundredths of a percent',
    }),
    status: OneOf(Object.keys(transitions) as ContractStatus[], { description: 'How far it is' }),
    createdAt: Instant,
    updatedAt: Instant,
    fundedAt: moment('the price was paid into escrow'),
    deliveredAt: moment('the worker delivered'),
    approvedAt: moment('the client approved'),
    releasesAt: moment('the worker gets the money, unless someone disputes before'),
    disputedAt: moment('it was disputed'),
    disputedBy: Nullable(Id('Who disputed it')),
    disputeReason: Nullable(Text(1, 2000, { description: 'Why, in their words' })),
    workerShare: Nullable(
      amount(0, 'Of a resolved one: minor units of the price that went to the worker, fee included'),
    ),
    endedAt: moment('it was over'),
  },
  { title: 'Contract', description: 'What a client and a worker agreed on' },
)
export type Contract = Static<typeof Contract>

export const ContractQuery = Strict(PageQuery)
export type ContractQuery = Static<typeof ContractQuery>

export const ContractPage = PageOf(Contract, { title: 'ContractPage', description: 'A page of contracts' })

export const Dispute = Strict(
  { reason: Text(1, 2000, { description: 'What is wrong, for the other party and the admins' }) },
  { title: 'Dispute', description: 'Why someone asks for a decision' },
)
export type Dispute = Static<typeof Dispute>

/** What an admin decides about a dispute. */
export const Resolution = Strict(
  {
    outcome: OneOf(['release', 'refund', 'split'], { description: 'Who gets the money' }),
    workerAmount: Type.Optional(amount(1, 'Of a split: minor units of the price that go to the worker, fee included')),
  },
  { title: 'Resolution', description: 'The decision about a dispute' },
)
export type Resolution = Static<typeof Resolution>
