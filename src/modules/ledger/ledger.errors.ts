import { AppError } from '../../lib/errors.ts'

export const balanceTooSmall = (cause: unknown) =>
  new AppError(409, 'BALANCE_TOO_SMALL', 'There is not enough money left for this', { cause })
