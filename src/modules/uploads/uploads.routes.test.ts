import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { docx, odt, pdf, zip } from '../../../tools/sample-files.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-uploads-'))
afterAll(() => rm(folder, { recursive: true, force: true }))
const url = `file:${join(folder, 'kept')}`
const env = { UPLOADS_URL: url, UPLOADS_PER_USER: '3', UPLOAD_MAX_BYTES: '4096' }
const { call, signUp, services, database, lines } = await buildTestApp({ env })
let [person, other]: Person[] = []

beforeEach(async () => {
  person = await signUp('worker')
  other = await signUp('worker')
})

type Options = { type?: string; name?: string; as?: Person | undefined; key?: string }
const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const files = async () => (await readdir(join(folder, 'kept')).catch(() => [])).sort()

function upload(body: Buffer | string = pdf(), { type, name, as = person, key = randomUUID() }: Options = {}) {
  const headers = {
    'idempotency-key': key,
    'content-type': type ?? 'application/octet-stream',
    ...(name && { 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}` }),
  }
  return call('POST', '/v1/me/uploads', { ...(as && { as }), body, headers })
}
const read = (path: string, as = person as Person) => call('GET', `/v1/me/uploads${path}`, { as })
const remove = (id: string, as = person as Person) => call('DELETE', `/v1/me/uploads/${id}`, { as })
const objectOf = async (id: string) => (await sql('SELECT object FROM uploads WHERE id = $1', id))[0]?.object as string
/** What the worker does with the event of a removal. */
async function discard(id: string) {
  const [event] = await sql("SELECT id FROM outbox WHERE kind = 'upload.removed' AND payload ->> 'uploadId' = $1", id)
  await services.uploads.discard(event as { id: string }, { uploadId: id })
}

describe('uploading', () => {
  test.each([
    ['application/pdf', 'pdf', pdf()],
    ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx', docx()],
    ['application/vnd.oasis.opendocument.text', 'odt', odt()],
  ])('%s is taken by its bytes, whatever its name says, and told where it is', async (mediaType, ending, bytes) => {
    const answer = await upload(bytes, { name: 'Résumé.txt' })
    const made = answer.json()
    expect([answer.statusCode, answer.headers.location]).toEqual([201, `/v1/me/uploads/${made.id}`])
    expect(made).toEqual({
      ...{ id: made.id, createdAt: made.createdAt },
      ...{ name: `Résumé.txt.${ending}`, mediaType, size: bytes.length },
    })
    expect((await read(`/${made.id}`)).json()).toEqual(made)
    const trail = await sql('SELECT action, actor_id FROM audit_log WHERE object_id = $1', made.id)
    expect(trail).toEqual([{ action: 'upload.stored', actor_id: person?.id }])
  })

  test('it is kept under a name that nobody chose, for this user alone', async () => {
    const { id } = (await upload(pdf(), { name: '../../../stolen.pdf' })).json()
    const object = await objectOf(id)
    expect(object).toMatch(/^[0-9a-f-]{36}$/)
    expect(object).not.toBe(id)
    expect(await files()).toContain(object)
    expect((await stat(join(folder, 'kept', object))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'kept'))).mode & 0o777).toBe(0o700)
    expect(await readFile(join(folder, 'kept', object))).toEqual(pdf())
  })

  test.each([
    ['a page', '<!doctype html><script>alert(1)</script>'],
    ['a picture with a script', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
    ['a program', '#!/bin/sh\nrm -rf /\n'],
    ['a zip that is called a document', zip({ 'word/document.xml': '<w:document/>' })],
    ['a page with a PDF behind it', Buffer.concat([Buffer.from('<html>'), pdf()])],
    ['plain text', 'I have painted nine lighthouses.'],
  ])('%s under a right name and type is 415, recorded, and not kept', async (_, body) => {
    const before = await files()
    const answer = await upload(body, { name: 'cv.pdf', type: 'application/pdf' })
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'UPLOAD_TYPE_UNSUPPORTED'])
    expect(await files()).toEqual(before)
    expect(lines.filter((line) => line.security === 'upload.refused' && line.actorId === person?.id)).toHaveLength(1)
  })

  test('a Content-Type that says something else than the bytes is 415', async () => {
    for (const type of ['image/png', 'application/json', 'text/html', 'application/x-www-form-urlencoded']) {
      const answer = await upload(pdf(), { type })
      expect([type, answer.statusCode, answer.json().code]).toEqual([type, 415, 'UPLOAD_TYPE_CONTRADICTED'])
    }
    expect((await upload(pdf(), { type: 'Application/PDF; x=y' })).statusCode).toBe(201)
  })

  test('nothing is 400, and one byte too many is 413 and says how many are taken', async () => {
    expect((await upload(Buffer.alloc(0))).json()).toMatchObject({ status: 400, code: 'UPLOAD_EMPTY' })
    const most = Buffer.concat([pdf(), Buffer.alloc(4096 - pdf().length)])
    expect((await upload(most)).statusCode).toBe(201)
    const answer = await upload(Buffer.concat([most, Buffer.alloc(1)]))
    expect(answer.json()).toMatchObject({
      status: 413,
      code: 'BODY_TOO_LARGE',
      detail: expect.stringContaining('4096'),
    })
  })

  test('a field that is no Content-Disposition is 400', async () => {
    const headers = { 'content-disposition': '"', 'content-type': 'application/pdf' }
    const answer = await call('POST', '/v1/me/uploads', { as: person as Person, body: pdf(), headers })
    expect(answer.json()).toMatchObject({ status: 400, code: 'FILE_NAME_MALFORMED' })
  })

  test('a stranger is 401', async () => {
    const headers = { 'content-type': 'application/pdf' }
    expect((await call('POST', '/v1/me/uploads', { body: pdf(), headers })).statusCode).toBe(401)
  })

  test('the same call again is replayed, and another file under its key is 422', async () => {
    const key = randomUUID()
    const first = await upload(pdf(), { key })
    const again = await upload(pdf(), { key })
    expect([again.statusCode, again.headers['idempotent-replayed'], again.json()]).toEqual([201, 'true', first.json()])
    expect((await upload(pdf('Grace'), { key })).statusCode).toBe(422)
    expect((await read('')).json().data).toHaveLength(1)
  })

  test('of ten at once as many are kept as one may have; when one is gone there is room again', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => upload(pdf(`${n}`))))
    const kept = answers.filter(({ statusCode }) => statusCode === 201)
    expect([kept.length, ...new Set(answers.map(({ statusCode }) => statusCode))].sort()).toEqual([201, 3, 409])
    expect(answers.find(({ statusCode }) => statusCode === 409)?.json().code).toBe('UPLOADS_FULL')
    await remove(kept[0]?.json().id)
    expect((await upload()).statusCode).toBe(201)
  })
})

describe('reading', () => {
  test('the content is sent to be saved, and a browser is told to run nothing of it', async () => {
    const { id } = (await upload(docx(), { name: 'Ada "1".docx' })).json()
    const { statusCode, headers, rawPayload } = await read(`/${id}/content`)
    expect([statusCode, rawPayload]).toEqual([200, docx()])
    expect(headers).toMatchObject({
      'content-type': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      'content-disposition': 'attachment; filename="Ada \\"1\\".docx"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-store',
    })
    expect(headers).not.toHaveProperty('etag')
  })

  test('the list has the newest first, and pages', async () => {
    const made = []
    for (const text of ['1', '2', '3']) made.unshift((await upload(pdf(text))).json())
    const first = (await read('?limit=2')).json()
    const second = (await read(`?limit=2&cursor=${first.page.next}`)).json()
    expect([...first.data, ...second.data]).toEqual(made)
    expect(second.page.next).toBeNull()
  })

  test("another's is 404, and in no other list", async () => {
    const { id } = (await upload()).json()
    for (const path of [`/${id}`, `/${id}/content`]) expect((await read(path, other)).statusCode).toBe(404)
    expect((await remove(id, other)).statusCode).toBe(404)
    expect((await read('', other)).json().data).toEqual([])
    expect((await read(`/${id}/content`)).statusCode).toBe(200)
  })

  test('one whose bytes are lost is a 500 that says so', async () => {
    const { id } = (await upload()).json()
    await rm(join(folder, 'kept', await objectOf(id)))
    expect((await read(`/${id}/content`)).json()).toMatchObject({ status: 500, code: 'UPLOAD_LOST' })
  })
})

describe('deleting', () => {
  test('nobody sees it any more, and its bytes go with its row', async () => {
    const { id } = (await upload()).json()
    const object = await objectOf(id)
    expect((await remove(id)).statusCode).toBe(204)
    for (const path of [`/${id}`, `/${id}/content`]) expect((await read(path)).statusCode).toBe(404)
    expect((await remove(id)).statusCode).toBe(404)
    expect(await files()).toContain(object)
    await discard(id)
    expect(await files()).not.toContain(object)
    expect(await objectOf(id)).toBeUndefined()
    const trail = await sql('SELECT action FROM audit_log WHERE object_id = $1 ORDER BY id', id)
    expect(trail).toEqual([{ action: 'upload.stored' }, { action: 'upload.removed' }])
    await discard(id)
  })

  test('an erasure takes them along, with what they were called', async () => {
    const { id } = (await upload(pdf(), { name: 'canary.pdf' })).json()
    const object = await objectOf(id)
    const { password } = person as Person
    expect((await call('DELETE', '/v1/me', { as: person as Person, body: { password } })).statusCode).toBe(204)
    expect(await sql('SELECT name FROM uploads WHERE id = $1', id)).toEqual([{ name: 'Erased' }])
    await discard(id)
    expect(await files()).not.toContain(object)
  })
})
