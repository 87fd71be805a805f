import { AppError } from '../../lib/errors.ts'
import type { ContractStatus } from './lifecycle.ts'

export const contractNotFound = (id: string) =>
  new AppError(404, 'CONTRACT_NOT_FOUND', `No contract that you may see has the id ${id}`)

export function contractNotThere(status: ContractStatus, wanted: ContractStatus, next: readonly ContractStatus[]) {
  const allowed = next.join(' or ')
  return new AppError(
    409,
    'CONTRACT_STATE',
    `The contract is ${status}, so it can't become ${wanted}: ${allowed ? `only ${allowed}` : 'this is its end'}`,
  )
}
