import { AppError } from '../../lib/errors.ts'

export const operationNotFound = (id: string) =>
  new AppError(404, 'OPERATION_NOT_FOUND', `You have no operation with the id ${id}`)
