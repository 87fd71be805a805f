import { AppError } from '../../lib/errors.ts'

export const breakerNotFound = (name: string) =>
  new AppError(404, 'BREAKER_NOT_FOUND', `No process has a breaker with the name ${name}`)
