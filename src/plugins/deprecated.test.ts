import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { controls } from './controls.ts'
import { deprecated } from './deprecated.ts'

const schema = { operationId: 'getOld', response: { 200: { type: 'object' } } }
const open = { access: 'public', limit: 'none' } as const

async function appWith(going: { since: string; until: string; successor: `/${string}` }) {
  const app = Fastify()
  await app.register(controls)
  await app.register(deprecated)
  app.get('/old', { schema, config: { ...open, deprecated: going } }, async (request) => {
    if (request.query && 'fail' in (request.query as object)) throw new Error('failed')
    return {}
  })
  app.get('/new', { schema: { ...schema, operationId: 'getNew' }, config: open }, async () => ({}))
  return app
}

test('a deprecated route says so in each of its answers, and no other route does', async () => {
  const app = await appWith({ since: '2023-06-30T23:59:59Z', until: '2027-12-31T23:59:59Z', successor: '/new' })
  const said = {
    deprecation: '@1688169599',
    sunset: 'Fri, 31 Dec 2027 23:59:59 GMT',
    link: '</new>; rel="successor-version"',
  }
  expect((await app.inject('/old')).headers).toMatchObject(said)
  const failed = await app.inject('/old?fail')
  expect([failed.statusCode, failed.headers]).toEqual([500, expect.objectContaining(said)])
  const other = (await app.inject('/new')).headers
  expect([other.deprecation, other.sunset, other.link]).toEqual([undefined, undefined, undefined])
})

test.each([
  ['2028-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['soon', '2027-01-01T00:00:00Z'],
])('one that goes before it is deprecated is refused at boot: %s, %s', async (since, until) => {
  await expect(appWith({ since, until, successor: '/new' })).rejects.toThrow('cannot be deprecated')
})
