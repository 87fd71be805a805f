import { AppError } from '../../lib/errors.ts'

export const switchNotFound = (name: string) =>
  new AppError(404, 'SWITCH_NOT_FOUND', `There is no switch with the name ${name}`)
