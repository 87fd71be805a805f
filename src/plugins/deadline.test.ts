import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { newJob } from '../../test/builders.ts'
import { type Held, holdTable } from '../../tools/hold-table.ts'
import type { AppError } from '../lib/errors.ts'
import { deadline } from './deadline.ts'

const settings = {
  HANDLER_TIMEOUT_MS: '300',
  DATABASE_LOCK_TIMEOUT_MS: '30000',
  DATABASE_STATEMENT_TIMEOUT_MS: '30000',
}
const { app, call, signUp, db, database, poolUse } = await buildTestApp({ env: settings })
const client = await signUp('client')
let held: Held
afterEach(() => held.close())

async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 10))
}
const nothingWaits = () => until(async () => (await held.waiting()) === 0)
const count = async () => Number((await db.execute('SELECT count(*) FROM jobs')).rows[0]?.count)

describe('a request that takes longer than its limit', () => {
  test.each([
    ['a read', 'notifications', 'GET', '/v1/me/notifications', undefined],
    ['a write with a body', 'jobs', 'POST', '/v1/jobs', newJob()],
  ])('%s is 504, and its statement is cancelled', async (_, table, method, url, body) => {
    held = await holdTable(database.adminUrl, table)
    const answer = await call(method as 'GET', url, { as: client, body })
    expect(answer.json()).toMatchObject({ status: 504, code: 'TOOK_TOO_LONG' })
    await nothingWaits()
    await held.release()
    expect(await count()).toBe(0)
    expect((await call('GET', '/v1/me/notifications', { as: client })).statusCode).toBe(200)
  })

  test('leaves no connection behind', async () => {
    held = await holdTable(database.adminUrl, 'notifications')
    const answers = Array.from({ length: 30 }, () => call('GET', '/v1/me/notifications', { as: client }))
    expect(new Set((await Promise.all(answers)).map(({ statusCode }) => statusCode))).toEqual(new Set([504]))
    await held.release()
    await until(async () => poolUse().waiting === 0 && poolUse().total === poolUse().idle)
    expect((await call('GET', '/v1/me/notifications', { as: client })).statusCode).toBe(200)
  })
})

describe('a client that hangs up', () => {
  test('takes its statement with it, and the write was never there', async () => {
    const {
      app: patient,
      signUp: join,
      database: own,
      db: ownDb,
    } = await buildTestApp({ env: { ...settings, HANDLER_TIMEOUT_MS: '60000' } })
    const author = await join('client')
    await patient.listen({ port: 0, host: '127.0.0.1' })
    const { port } = patient.server.address() as AddressInfo
    held = await holdTable(own.adminUrl, 'jobs')
    const headers = {
      authorization: `Bearer ${author.token}`,
      'content-type': 'application/json',
      'idempotency-key': 'once',
    }
    const sent = request({ port, host: '127.0.0.1', path: '/v1/jobs', method: 'POST', headers })
    sent.on('error', () => {})
    sent.end(JSON.stringify(newJob()))
    await until(async () => (await held.waiting()) === 1)
    sent.destroy()
    await nothingWaits()
    await held.release()
    expect((await ownDb.execute('SELECT FROM jobs')).rows).toEqual([])
  })
})

test('an answer in time is as it was', async () => {
  held = await holdTable(database.adminUrl, 'notifications')
  await held.release()
  const answer = await app.inject('/health/live')
  expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'live' }])
})

test('a route may have a limit of its own', async () => {
  const own = Fastify()
  await own.register(deadline, { limit: 60_000 })
  own.setErrorHandler<AppError>((error, _request, reply) => reply.code(error.status).send(error.code))
  own.get('/patient', () => new Promise((resolve) => setTimeout(resolve, 100, 'done')))
  own.get('/hasty', { config: { timeout: 20 } }, () => new Promise(() => {}))
  const answers = await Promise.all(['/patient', '/hasty'].map((url) => own.inject(url)))
  expect(answers.map(({ statusCode, body }) => [statusCode, body])).toEqual([
    [200, 'done'],
    [504, 'TOOK_TOO_LONG'],
  ])
  await own.close()
})
