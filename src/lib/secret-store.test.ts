import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { openSecretsSandbox } from '../../tools/secrets-sandbox.ts'
import { openSecretStore } from './secret-store.ts'

const sandbox = await openSecretsSandbox()
afterAll(() => sandbox.close())
const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION: region } = sandbox.env
const endpoint = sandbox.env.AWS_ENDPOINT_URL_SECRETS_MANAGER

beforeEach(() => {
  // The SDK finds its credentials there.
  vi.stubEnv('AWS_ACCESS_KEY_ID', AWS_ACCESS_KEY_ID)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', AWS_SECRET_ACCESS_KEY)
  sandbox.fail(false)
})

const open = (where = endpoint) => openSecretStore({ id: 'any', region, endpoint: where })

test('the texts of the JSON object are read, each time as they are then', async () => {
  const store = open()
  sandbox.hold(JSON.stringify({ APP_SECRET: 'one', PORT: 8080, nothing: null }))
  expect(await store.read()).toEqual({ APP_SECRET: 'one' })
  sandbox.hold(JSON.stringify({ APP_SECRET: 'two' }))
  expect(await store.read()).toEqual({ APP_SECRET: 'two' })
})

test.each(['hunter2', '"hunter2"', '["hunter2"]', 'null', '', '{"APP_SECRET": "hunter2"'])(
  'a secret that is no JSON object is refused, and no message repeats it: %j',
  async (secret) => {
    sandbox.hold(secret)
    const why = await open()
      .read()
      .catch((error: Error) => `${error.stack} ${error.cause}`)
    expect(why).toContain('it is not a JSON object')
    expect(why).not.toContain('hunter2')
  },
)

test('a secret that is not there is named as AWS names it', async () => {
  sandbox.hold(undefined)
  await expect(open().read()).rejects.toThrow('There is none')
})

test('a store that fails is asked a bounded number of times', async () => {
  sandbox.fail(true)
  const before = sandbox.reads()
  await expect(open().read()).rejects.toThrow()
  expect(sandbox.reads() - before).toBe(2)
})

test('a store that is out of reach is told soon', async () => {
  await expect(open('http://127.0.0.1:1').read()).rejects.toThrow()
})
