import Fastify from 'fastify'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { controls } from './controls.ts'

const schema = { operationId: 'getThing', response: { 200: Type.Object({}) } }

/** What the boot says about one route. */
async function boot(route: object): Promise<string> {
  const app = Fastify()
  await app.register(controls)
  app.route({ method: 'GET', url: '/thing', handler: async () => ({}), ...route })
  try {
    await app.ready()
    return 'ready'
  } catch (error) {
    return (error as Error).message
  } finally {
    await app.close()
  }
}

test('a route that says who may call it boots', async () => {
  expect(await boot({ schema, config: { access: 'public', limit: 'none' } })).toBe('ready')
  expect(await boot({ schema, config: { access: ['client', 'admin'], limit: 'read' } })).toBe('ready')
})

test.each([
  ['without access', { schema }, 'does not declare who may call it'],
  ['with an access that is none', { schema, config: { access: 'everyone' } }, 'does not declare who may call it'],
  ['for no role at all', { schema, config: { access: [] } }, 'does not declare who may call it'],
  ['for a role that is none', { schema, config: { access: ['clerk'] } }, 'does not declare who may call it'],
  ['without a limit', { schema, config: { access: 'public' } }, 'does not declare what limits its callers'],
  [
    'with a limit that is none',
    { schema, config: { access: 'public', limit: 'raed' } },
    'does not declare what limits',
  ],
  ['with a misspelt key', { schema, config: { access: 'public', acess: ['admin'] } }, 'unknown config key "acess"'],
  ['without an operation id', { schema: { response: {} }, config: { access: 'public' } }, 'has no operationId'],
  [
    'without a response schema',
    { schema: { operationId: 'x' }, config: { access: 'public' } },
    'has no response schema',
  ],
])('a route %s stops the boot', async (_, route, said) => {
  expect(await boot(route)).toContain(said)
})

test('an app in which no route came under control does not boot', async () => {
  const app = Fastify()
  app.get('/early', async () => ({}))
  await app.register(controls)
  await expect(app.ready()).rejects.toThrow('No route came under control')
})
