import { AppError } from '../../lib/errors.ts'

export const flagNotFound = (name: string) =>
  new AppError(404, 'FLAG_NOT_FOUND', `There is no flag with the name ${name}`)

export const flagPersonNotFound = () => new AppError(404, 'USER_NOT_FOUND', 'There is no user with this id')

export const variantUnknown = (variant: string, known: string[]) =>
  new AppError(422, 'FLAG_VARIANT_UNKNOWN', `${variant} is no variant of this flag: it has ${known.join(', ')}`)

export const splitIncomplete = (known: string[]) =>
  new AppError(
    422,
    'FLAG_SPLIT_INCOMPLETE',
    `Name each variant once (${known.join(', ')}), with percentages that make 100 together`,
  )
