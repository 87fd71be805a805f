import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, refusals } from '../../lib/schemas.ts'
import { Notification, NotificationPage, NotificationQuery } from './notifications.schemas.ts'
import type { NotificationsService } from './notifications.service.ts'

const tags = ['notifications']

/** Under /v1/me/notifications. */
export const notificationsRoutes: FastifyPluginAsyncTypebox<{ notifications: NotificationsService }> = async (
  app,
  { notifications },
) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listNotifications',
        tags,
        summary: 'What you were told',
        description: 'The newest first.',
        querystring: NotificationQuery,
        response: { 200: NotificationPage },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => notifications.list(request.actor, request.query),
  )

  app.put(
    '/:id/read',
    {
      schema: {
        operationId: 'readNotification',
        tags,
        summary: 'Mark a notification as read',
        description: 'Marking it again changes nothing.',
        params: IdParams,
        response: { 200: Notification, ...refusals(404) },
      },
      config: { access: 'user', limit: 'write' },
    },
    (request) => notifications.read(request.actor, request.params.id),
  )
}
