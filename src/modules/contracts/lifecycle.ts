// The one table of what a contract may become. The database has the same, and refuses everything else (migration 0013).
import type { ContractRow } from './contracts.repository.ts'

export type ContractStatus = ContractRow['status']

/** From each state to those that may follow. A state without any is final. */
export const transitions: Readonly<Record<ContractStatus, readonly ContractStatus[]>> = {
  accepted: ['funding', 'cancelled'],
  // Back to accepted when the provider refuses: the client may pay in another way.
  funding: ['funded', 'accepted'],
  funded: ['delivered', 'disputed', 'cancelled'],
  delivered: ['approved', 'disputed'],
  approved: ['released', 'disputed'],
  released: [],
  disputed: ['resolved'],
  resolved: [],
  // Only one that was funded: see nextOf.
  cancelled: ['refunded'],
  refunded: [],
}

/** The states that may follow. What was never funded is over by being cancelled: nothing can be given back. */
export const nextOf = ({ status, fundedAt }: Pick<ContractRow, 'status' | 'fundedAt'>): readonly ContractStatus[] =>
  status === 'cancelled' && !fundedAt ? [] : transitions[status]
