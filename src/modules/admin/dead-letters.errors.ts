import { AppError } from '../../lib/errors.ts'

export const deadLetterNotFound = (id: string) =>
  new AppError(
    404,
    'DEAD_LETTER_NOT_FOUND',
    `No dead letter has the id ${id}: it never was one, or was put back already`,
  )
