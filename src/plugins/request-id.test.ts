import { expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const { call } = await buildTestApp()
const idOf = async (given?: string, url = '/health/live') =>
  (await call('GET', url, given ? { headers: { 'x-request-id': given } } : {})).headers['x-request-id']

test('a well-formed id is taken, on refusals too', async () => {
  expect(await idOf('abcdefgh-1.2_3')).toBe('abcdefgh-1.2_3')
  expect(await idOf('abcdefgh-1.2_3', '/nowhere')).toBe('abcdefgh-1.2_3')
})

test.each(['short', 'x'.repeat(65), 'a b c d e f', 'ends-in-a-newline\\n', '<script>alert(1)</script>'])(
  'an ill-formed id is replaced: %s',
  async (given) => {
    expect(await idOf(given)).toMatch(/^[0-9a-f-]{36}$/)
  },
)

test('each request without one gets its own', async () => {
  expect(await idOf()).not.toBe(await idOf())
})
