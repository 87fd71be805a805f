import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refusals } from '../../lib/schemas.ts'
import { Switch, Switches, SwitchParams, TurnOn } from './switches.schemas.ts'
import type { SwitchesService } from './switches.service.ts'

const tags = ['admin']

/** Under /v1/admin/switches. */
export const switchesRoutes: FastifyPluginAsyncTypebox<{ switches: SwitchesService }> = async (app, { switches }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'getSwitches',
        tags,
        summary: 'What is switched on',
        description: 'Every switch, with who turned it last, and why.',
        response: { 200: Switches },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    () => switches.list(),
  )

  app.put(
    '/:name',
    {
      schema: {
        operationId: 'turnOnSwitch',
        tags,
        summary: 'Turn a switch on',
        description:
          'This process follows at once, all others within a second or two. It works while the service is read-only.',
        params: SwitchParams,
        body: TurnOn,
        response: { 200: Switch, ...refusals(404) },
      },
      config: { access: ['admin'], limit: 'write', writes: 'always' },
    },
    (request) => switches.turnOn(request.actor, request.params.name, request.body),
  )

  app.delete(
    '/:name',
    {
      schema: {
        operationId: 'turnOffSwitch',
        tags,
        summary: 'Turn a switch off',
        description: 'Turning off what is off changes nothing. It works while the service is read-only.',
        params: SwitchParams,
        response: { 200: Switch, ...refusals(404) },
      },
      config: { access: ['admin'], limit: 'write', writes: 'always' },
    },
    (request) => switches.turnOff(request.actor, request.params.name),
  )
}
