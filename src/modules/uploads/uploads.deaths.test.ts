// What is left of an upload when a process dies in between, or the store is away, and what becomes of that.
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { pdf } from '../../../tools/sample-files.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-uploads-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const kept = join(folder, 'kept')
const { call, signUp, services, database } = await buildTestApp({
  env: { UPLOADS_URL: `file:${kept}`, BREAKER_FAILURES: '1000' },
})
let person: Person

beforeEach(async () => {
  person = await signUp('worker')
})

const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const files = () => readdir(kept)
const upload = (key = randomUUID()) =>
  call('POST', '/v1/me/uploads', {
    as: person,
    body: pdf(),
    headers: { 'idempotency-key': key, 'content-type': 'application/pdf' },
  })
const read = (path: string) => call('GET', `/v1/me/uploads${path}`, { as: person })
const remove = (id: string) => call('DELETE', `/v1/me/uploads/${id}`, { as: person })
const objectOf = async (id: string) => (await sql('SELECT object FROM uploads WHERE id = $1', id))[0]?.object as string

describe('dying in between', () => {
  /** As whoever dies between the bytes and the mark leaves it. */
  const unmark = (id: string, ago: string) =>
    sql('UPDATE uploads SET stored_at = NULL, attempted_at = now() - $2::interval WHERE id = $1', id, ago)

  test('bytes that no upload has are swept, and the same call is a new one', async () => {
    const key = randomUUID()
    const { id } = (await upload(key)).json()
    const object = await objectOf(id)
    await writeFile(join(kept, `${object}.part`), 'half')
    await unmark(id, '2 hours')
    expect((await read('')).json().data).toEqual([])
    expect(await services.uploads.sweep()).toBeGreaterThan(0)
    expect((await files()).filter((name) => name.startsWith(object))).toEqual([])
    const again = await upload(key)
    expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, undefined])
  })

  test('the same call again finishes what was begun, once nobody can be at it any more', async () => {
    const key = randomUUID()
    const { id } = (await upload(key)).json()
    await unmark(id, '1 second')
    expect((await upload(key)).json()).toMatchObject({ status: 409, code: 'IDEMPOTENCY_KEY_IN_USE' })
    expect(await services.uploads.sweep()).toBe(0)
    await unmark(id, '10 minutes')
    expect((await upload(key)).json().id).toBe(id)
    expect((await read(`/${id}/content`)).rawPayload).toEqual(pdf())
  })

  test('a removal that nobody finished is finished by the sweep, with or without bytes', async () => {
    for (const bytes of ['there', 'gone']) {
      const { id } = (await upload()).json()
      const object = await objectOf(id)
      await remove(id)
      if (bytes === 'gone') await rm(join(kept, object))
      await services.uploads.sweep()
      expect(await objectOf(id)).toBeUndefined()
      expect(await files()).not.toContain(object)
    }
  })

  test('a removal leaves alone what somebody may still be writing', async () => {
    const { id } = (await upload()).json()
    await unmark(id, '1 second')
    await sql('UPDATE uploads SET removed_at = now() WHERE id = $1', id)
    await services.uploads.sweep()
    expect(await objectOf(id)).toBeDefined()
  })
})

describe('while the store is away', () => {
  /** A file where the folder was: whatever is tried there fails. */
  async function away(work: () => Promise<void>) {
    await rename(kept, `${kept}.away`)
    await writeFile(kept, '')
    await work()
    await rm(kept)
    await rename(`${kept}.away`, kept)
  }

  test('an upload is 503 with Retry-After, and nothing of it is kept; then the same call works', async () => {
    const before = (await upload()).json()
    const key = randomUUID()
    await away(async () => {
      const answer = await upload(key)
      expect([answer.statusCode, answer.json().code]).toEqual([503, 'UPLOADS_UNAVAILABLE'])
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      expect((await read(`/${before.id}/content`)).statusCode).toBe(503)
      expect((await read('')).json().data).toEqual([before])
    })
    const again = await upload(key)
    expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, undefined])
  })

  test('a removal waits, and the sweep says that it could not be', async () => {
    const { id } = (await upload()).json()
    const object = await objectOf(id)
    await remove(id)
    await away(async () => {
      await expect(services.uploads.sweep()).rejects.toThrow(/ENOTDIR/)
    })
    expect(await files()).toContain(object)
    await services.uploads.sweep()
    expect(await files()).not.toContain(object)
  })
})
