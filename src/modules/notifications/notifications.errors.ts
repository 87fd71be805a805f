import { AppError } from '../../lib/errors.ts'

export const liveOff = () =>
  new AppError(503, 'LIVE_NOTIFICATIONS_OFF', 'Nothing is told as it happens just now: ask for the list', {
    headers: { 'retry-after': '60' },
  })
export const liveFull = () =>
  new AppError(503, 'STREAMS_FULL', 'This process has as many streams as it takes. Try again', {
    headers: { 'retry-after': '5' },
  })
export const tooManyStreams = (most: number) =>
  new AppError(429, 'TOO_MANY_STREAMS', `You have ${most} streams open: close one first`, {
    headers: { 'retry-after': '5' },
  })

export const notificationNotFound = (id: string) =>
  new AppError(404, 'NOTIFICATION_NOT_FOUND', `You have no notification with the id ${id}`)
