import { expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const { call, signUp } = await buildTestApp()
const [client, support, admin] = [await signUp('client'), await signUp('support'), await signUp('admin')]
const pages = ['/admin/queues', '/admin/queues/api/queues', '/admin/queues/static/favicon-32x32.png']

test.each(pages)('%s is for operators', async (page) => {
  expect((await call('GET', page)).statusCode).toBe(401)
  expect((await call('GET', page, { as: client })).statusCode).toBe(403)
  expect((await call('GET', page)).headers['content-type']).toContain('application/problem+json')
})

test('operators see every queue', async () => {
  for (const as of [support, admin]) {
    const answer = await call('GET', '/admin/queues/api/queues', { as })
    expect(answer.statusCode).toBe(200)
    expect(answer.json().queues.map(({ name }: { name: string }) => name)).toEqual(['events', 'mail', 'schedules'])
  }
})

test('and can change nothing there', async () => {
  for (const path of ['events/clean/failed', 'events/pause', 'events/retry/failed', 'events/promote']) {
    const answer = await call('PUT', `/admin/queues/api/queues/${path}`, { as: admin })
    expect([path, answer.statusCode >= 400 && answer.statusCode < 500]).toEqual([path, true])
  }
})
