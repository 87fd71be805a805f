import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { AppError } from '../lib/errors.ts'
import { degraded } from './degraded.ts'
import { problems } from './problems.ts'

const inForce: string[] = []
const app = Fastify({ logger: false })
await app.register(problems)
await app.register(degraded, { modes: () => inForce })
app.get('/well', async () => ({}))
app.get('/refused', async () => {
  throw new AppError(409, 'NOT_NOW', 'Not now')
})
app.get('/broken', async () => {
  throw new Error('broken')
})

const fields = async () =>
  Promise.all(
    ['/well', '/refused', '/broken', '/nowhere'].map(async (url) => {
      const { statusCode, headers } = await app.inject(url)
      return [statusCode, headers['degraded-mode']]
    }),
  )

test('every answer names the modes that are in force, errors and unknown routes too, and none when all is well', async () => {
  const told = (field: string | undefined) => [200, 409, 500, 404].map((status) => [status, field])
  expect(await fields()).toEqual(told(undefined))
  inForce.push('read-only', 'limits-local')
  expect(await fields()).toEqual(told('read-only, limits-local'))
  inForce.length = 0
  expect(await fields()).toEqual(told(undefined))
})
