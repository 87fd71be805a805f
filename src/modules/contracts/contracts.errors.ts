import { AppError } from '../../lib/errors.ts'

export const contractNotFound = (id: string) =>
  new AppError(404, 'CONTRACT_NOT_FOUND', `No contract that you may see has the id ${id}`)
