import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { createMetrics } from '../lib/metrics.ts'
import { requestMetrics } from './request-metrics.ts'

const name = 'seaworthy_http_request_duration_seconds'

async function open() {
  const metrics = createMetrics()
  const app = Fastify()
  await app.register(requestMetrics, { metrics })
  app.get('/things/:id', { schema: { operationId: 'getThing' } }, async (request) => {
    if ((request.params as { id: string }).id === 'bad') throw new Error('bad')
    return 'a thing'
  })
  const series = async () =>
    (await metrics.text()).split('\n').flatMap((line) => {
      const [, labels, count] = new RegExp(`^${name}_count\\{(.*)\\} (\\d+)$`).exec(line) ?? []
      return labels ? [`${labels} ${count}`] : []
    })
  return { app, series }
}

test('answers are counted by operation, method and class of status', async () => {
  const { app, series } = await open()
  await app.inject('/things/1')
  await app.inject('/things/2')
  await app.inject('/things/bad')
  await app.inject('/nowhere')
  expect(await series()).toEqual([
    'operation="getThing",method="GET",status="2xx" 2',
    'operation="getThing",method="GET",status="5xx" 1',
    'operation="none",method="other",status="4xx" 1',
  ])
})

test('a thousand paths make no series', async () => {
  const { app, series } = await open()
  await app.inject('/things/1')
  await app.inject('/nowhere')
  const before = (await series()).length
  for (let turn = 0; turn < 1000; turn++) await app.inject(turn % 2 ? `/things/${turn}` : `/${turn}/nowhere`)
  expect(await series()).toHaveLength(before)
})
