import { AppError } from '../../lib/errors.ts'

export const exportNotFound = (id: string) =>
  new AppError(
    404,
    'DATA_EXPORT_NOT_FOUND',
    `You have no data export with the id ${id}: it is not ready yet, or expired`,
  )

export const accountGone = () => new AppError(401, 'ACCOUNT_GONE', 'The account of this token is no longer there')
