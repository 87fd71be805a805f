import { AppError } from '../../lib/errors.ts'

export const notificationNotFound = (id: string) =>
  new AppError(404, 'NOTIFICATION_NOT_FOUND', `You have no notification with the id ${id}`)
