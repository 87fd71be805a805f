import { AppError } from '../../lib/errors.ts'

export const userNotFound = (id: string) => new AppError(404, 'USER_NOT_FOUND', `No user has the id ${id}`)

export const userErased = (id: string) =>
  new AppError(409, 'USER_ERASED', `The data of the user ${id} was erased: nothing of that account can change`)

export const notYourself = () =>
  new AppError(409, 'NOT_YOURSELF', 'Nobody blocks themselves or changes their own role: ask another admin')

/** The access token outlived the role that it names. */
export const noLongerAdmin = () => new AppError(403, 'ROLE_REFUSED', 'You are no longer an admin')
