import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ScheduleList } from './schedules.schemas.ts'
import type { SchedulesService } from './schedules.service.ts'

type Options = { schedules: SchedulesService }

/** Under /v1/admin/schedules. */
export const schedulesRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { schedules }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getSchedules',
        tags: ['admin'],
        summary: 'What is done at fixed times',
        description:
          'Each schedule with its times, its newest run, and whether it is overdue, as all workers together see it.',
        response: { 200: ScheduleList },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    () => schedules.list(),
  )
}
