// Uploads in a bucket of a real server of S3: `npm run test:uploads`. It needs Go, with which that is built.
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { openS3Server } from '../../../tools/s3-server.ts'
import { pdf } from '../../../tools/sample-files.ts'
import { createMetrics } from '../../lib/metrics.ts'
import { createObjects } from '../../lib/objects.ts'
import { createOutside } from '../../lib/outside.ts'

const store = await openS3Server()
afterAll(() => store.close())
// The SDK finds its credentials there.
for (const [name, value] of Object.entries(store.env)) vi.stubEnv(name, value)

const at = (endpoint: string, prefix = '') =>
  `s3://bucket/${prefix}?region=eu-central-1&endpoint=${encodeURIComponent(endpoint)}`
const env = { UPLOADS_URL: at(store.url, 'cvs/2026'), BREAKER_FAILURES: '1000', UPLOADS_TIMEOUT_MS: '2000' }
const { call, signUp, services, database } = await buildTestApp({ env })
const objectsAt = (url: string, timeout = 2000) =>
  createObjects({ url, timeout, outside: createOutside({ metrics: createMetrics(), failures: 2, openFor: 60_000 }) })
const inBucket = () => readdir(join(store.bucket, 'cvs/2026')).catch(() => [])

const person = await signUp('worker')
const upload = (key = randomUUID()) =>
  call('POST', '/v1/me/uploads', {
    as: person,
    body: pdf(),
    headers: { 'content-type': 'application/pdf', 'idempotency-key': key },
  })

test('an upload is an object under a name of chance, read again as it was, and gone when it is deleted', async () => {
  const answer = await upload()
  const { id } = answer.json()
  expect(answer.statusCode).toBe(201)
  const names = await inBucket()
  expect(names).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)])
  expect(names).not.toContain(id)
  expect((await call('GET', `/v1/me/uploads/${id}/content`, { as: person })).rawPayload).toEqual(pdf())
  expect((await call('DELETE', `/v1/me/uploads/${id}`, { as: person })).statusCode).toBe(204)
  const [event] = await withClient(database.ownerUrl, async (owner) => {
    return (await owner.query("SELECT id FROM outbox WHERE kind = 'upload.removed'")).rows
  })
  await services.uploads.discard(event, { uploadId: id })
  expect(await inBucket()).toEqual([])
})

test('while it is away an upload is 503 and leaves nothing, and the same call works when it is back', async () => {
  await store.stop()
  const key = randomUUID()
  const answer = await upload(key)
  expect([answer.statusCode, answer.json().code]).toEqual([503, 'UPLOADS_UNAVAILABLE'])
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  await store.start()
  const again = await upload(key)
  expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, undefined])
  expect(await inBucket()).toHaveLength(1)
})

test('what is not there is undefined to read and nothing to remove', async () => {
  const { get, remove, put } = objectsAt(at(store.url))
  const name = randomUUID()
  expect(await get(name)).toBeUndefined()
  await remove(name)
  await put(name, Buffer.from('one'))
  await put(name, Buffer.from('two'))
  expect(await get(name)).toEqual(Buffer.from('two'))
})

test('a bucket that there is not, and a wrong secret, are failures', async () => {
  await expect(objectsAt(at(store.url).replace('bucket', 'nobody')).put(randomUUID(), pdf())).rejects.toThrow()
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong')
  onTestFinished(() => void vi.stubEnv('AWS_SECRET_ACCESS_KEY', store.env.AWS_SECRET_ACCESS_KEY))
  await expect(objectsAt(at(store.url)).put(randomUUID(), pdf())).rejects.toThrow(/signature/i)
})

test('one that says nothing is left after its time, and then not called', async () => {
  let calls = 0
  const silent = createServer(() => {
    calls += 1
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const { port } = silent.address() as { port: number }
  const { get } = objectsAt(at(`http://127.0.0.1:${port}`), 500)
  for (let n = 0; n < 2; n++) {
    const began = performance.now()
    await expect(get(randomUUID())).rejects.toThrow('no answer within 500 ms')
    expect(performance.now() - began).toBeLessThan(2000)
  }
  const before = calls
  await expect(get(randomUUID())).rejects.toMatchObject({ status: 503, code: 'UPLOADS_UNAVAILABLE' })
  expect([before > 0, calls]).toEqual([true, before])
})
