import { randomUUID } from 'node:crypto'
import { Value } from 'typebox/value'
import { beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { withClient } from '../../../tools/create-database.ts'
import { DataExport } from './exports.schemas.ts'

const { call, signUp, services, database, lines } = await buildTestApp()
let person: Person

beforeEach(async () => {
  person = await signUp('client')
})

const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const request = (as?: Person, headers: Record<string, string> = {}) =>
  call('POST', '/v1/me/data-exports', { ...(as && { as }), headers })
const operation = async (id: string, as = person) => (await call('GET', `/v1/operations/${id}`, { as })).json()
const exportIdOf = async (operationId: string) =>
  (await sql('SELECT id FROM data_exports WHERE operation_id = $1', operationId))[0]?.id as string
const read = (href: string, as = person) => call('GET', href, { as })

/** What the worker does with the event. */
async function make(exportId: string) {
  const [event] = await sql('SELECT id, payload FROM outbox WHERE aggregate = $1', `data-export:${exportId}`)
  await services.exports.make(event as { id: string }, event?.payload)
}

/** Asks for an export and has it made; answers where it is. */
async function exported(as = person): Promise<string> {
  const { id } = (await request(as)).json()
  await make(await exportIdOf(id))
  return (await operation(id, as)).result.href
}

describe('asking', () => {
  test('it is accepted, with a place to ask how far it is, one audit row, and one event', async () => {
    const answer = await request(person)
    const { id } = answer.json()
    expect([answer.statusCode, answer.headers.location]).toEqual([202, `/v1/operations/${id}`])
    const made = await operation(id)
    expect(made).toEqual(answer.json())
    expect(made).toMatchObject({ kind: 'data-export', status: 'pending', result: null, error: null, finishedAt: null })
    const exportId = await exportIdOf(id)
    const trail = await sql('SELECT action, actor_id FROM audit_log WHERE object_id = $1', exportId)
    expect(trail).toEqual([{ action: 'data-export.requested', actor_id: person.id }])
    const events = await sql(
      "SELECT payload FROM outbox WHERE kind = 'data-export.requested' AND payload ->> 'exportId' = $1",
      exportId,
    )
    expect(events).toEqual([{ payload: { exportId } }])
  })

  test('the same call again is replayed, and another one gets the open export', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const first = await request(person, key)
    const again = await request(person, key)
    expect([again.statusCode, again.headers.location, again.headers['idempotent-replayed']]).toEqual([
      202,
      first.headers.location,
      'true',
    ])
    expect(again.json()).toEqual(first.json())
    expect((await request(person)).json()).toEqual(first.json())
    expect(await sql('SELECT FROM data_exports WHERE user_id = $1', person.id)).toHaveLength(1)
  })

  test('of ten calls at once one makes an export', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(person)))
    expect(new Set(answers.map((answer) => `${answer.statusCode} ${answer.json().id}`)).size).toBe(1)
    expect(await sql('SELECT FROM operations WHERE user_id = $1', person.id)).toHaveLength(1)
  })

  test('a stranger is told to sign in, and a call without a key is 400', async () => {
    expect((await request()).statusCode).toBe(401)
    expect((await request(person, { 'idempotency-key': '' })).statusCode).toBe(400)
  })
})

describe('reading', () => {
  test('all that is kept about the person is in it, as its schema says, and nothing of anyone else', async () => {
    const [worker, rival] = [await signUp('worker'), await signUp('client')]
    const { jobs, applications } = services
    const own = await jobs.create(person, newJob({ title: 'The job of the person' }))
    await jobs.publish(person, own.id)
    const theirs = await jobs.create(rival, newJob({ title: 'The job of another' }))
    await jobs.publish(rival, theirs.id)
    const application = await applications.apply(worker, own.id, { coverLetter: 'The letter of the worker' })
    const contract = await applications.accept(person, application.id)
    await call('POST', '/v1/auth/login', { body: { email: person.email, password: person.password } })

    const document = (await read(await exported())).json() as DataExport
    expect(Value.Check(DataExport, document), JSON.stringify([...Value.Errors(DataExport, document)])).toBe(true)
    expect(document.account).toMatchObject({ id: person.id, email: person.email, name: 'A client' })
    expect(document.jobs.entries).toMatchObject([{ id: own.id, title: 'The job of the person', status: 'closed' }])
    expect(document.contracts.entries).toMatchObject([{ id: contract.id, amount: newJob().budget.amount }])
    expect(document.sessions.entries).toHaveLength(1)
    expect(document.actions.entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['user.registered', 'job.created', 'job.published', 'data-export.requested']),
    )
    expect(JSON.stringify(document)).not.toMatch(/The job of another|The letter of the worker|argon2/)

    const of = (await read(await exported(worker), worker)).json() as DataExport
    expect(of.applications.entries).toMatchObject([{ coverLetter: 'The letter of the worker', status: 'accepted' }])
    expect(of.contracts.entries).toMatchObject([{ id: contract.id }])
  })

  test('it is a file that nobody may store, sealed in the database, and every reading is a security event', async () => {
    const href = await exported()
    const answer = await read(href)
    expect([answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'application/json; charset=utf-8',
      'no-store',
    ])
    expect(answer.headers['content-disposition']).toMatch(/^attachment; filename="[\w.-]+"$/)
    const id = href.split('/').at(-1)
    const [row] = await sql('SELECT sealed FROM data_exports WHERE id = $1', id)
    expect(row?.sealed).not.toContain(person.email)
    expect(lines.filter((line) => line.security === 'data-export.read' && line.exportId === id)).toHaveLength(1)
  })

  test('what was sealed for one export can’t be read as another', async () => {
    const [mine, other] = [await exported(), await signUp('client')]
    const theirs = await exported(other)
    await sql(
      'UPDATE data_exports SET sealed = (SELECT sealed FROM data_exports WHERE id = $1) WHERE id = $2',
      ...[theirs, mine].map((href) => href.split('/').at(-1)),
    )
    expect((await read(mine)).statusCode).toBe(500)
  })

  test('to others, before it is made, after its week, and where there is none, it is 404', async () => {
    const rival = await signUp('admin')
    const { id } = (await request(person)).json()
    const exportId = await exportIdOf(id)
    const href = `/v1/me/data-exports/${exportId}`
    expect((await read(href)).json()).toMatchObject({ status: 404, code: 'DATA_EXPORT_NOT_FOUND' })
    await make(exportId)
    expect((await read(href)).statusCode).toBe(200)
    expect((await read(href, rival)).statusCode).toBe(404)
    expect((await call('GET', `/v1/operations/${id}`, { as: rival })).json()).toMatchObject({
      status: 404,
      code: 'OPERATION_NOT_FOUND',
    })
    expect((await read(`/v1/me/data-exports/${randomUUID()}`)).statusCode).toBe(404)
    expect((await read('/v1/me/data-exports/mine')).statusCode).toBe(400)
    expect((await call('GET', href)).statusCode).toBe(401)
    await sql("UPDATE data_exports SET expires_at = now() - interval '1 second' WHERE id = $1", exportId)
    expect((await read(href)).statusCode).toBe(404)
    expect(await services.exports.purge()).toBe(1)
    expect(await sql('SELECT FROM data_exports WHERE id = $1', exportId)).toEqual([])
  })

  test('a person with many rows gets all of them', async () => {
    await sql(
      `INSERT INTO notifications (user_id, event_id, kind, data)
       SELECT $1, uuidv7(), 'application.submitted', jsonb_build_object('jobId', $2::text, 'text', 'Told ' || n)
       FROM generate_series(1, 1234) AS n`,
      person.id,
      randomUUID(),
    )
    const { notifications } = (await read(await exported())).json() as DataExport
    expect([notifications.isComplete, notifications.entries.length]).toEqual([true, 1234])
    expect(new Set(notifications.entries.map(({ text }) => text)).size).toBe(1234)
  })

  test('a person with more rows than fit is told so', async () => {
    await sql(
      `INSERT INTO notifications (user_id, event_id, kind, data)
       SELECT $1, uuidv7(), 'application.submitted', '{"text": "Told"}' FROM generate_series(1, 10001)`,
      person.id,
    )
    const { notifications, actions } = (await read(await exported())).json() as DataExport
    expect([notifications.isComplete, notifications.entries.length]).toEqual([false, 10_000])
    expect(actions.isComplete).toBe(true)
  })
})

describe('making', () => {
  test('an event that comes twice makes one export', async () => {
    const { id } = (await request(person)).json()
    const exportId = await exportIdOf(id)
    await Promise.all([make(exportId), make(exportId)])
    const { sealed } = (await sql('SELECT sealed FROM data_exports WHERE id = $1', exportId))[0] ?? {}
    await make(exportId)
    expect((await sql('SELECT sealed FROM data_exports WHERE id = $1', exportId))[0]?.sealed).toBe(sealed)
    expect((await operation(id)).status).toBe('succeeded')
  })

  test('one that failed for the last time says so, and the person may ask again', async () => {
    const { id } = (await request(person)).json()
    const exportId = await exportIdOf(id)
    await services.exports.giveUp({ exportId })
    expect(await operation(id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('another'),
      result: null,
    })
    const again = (await request(person)).json()
    expect(again.id).not.toBe(id)
    // What comes after the end changes nothing.
    await make(exportId)
    expect((await operation(id)).status).toBe('failed')
    await services.exports.giveUp({ exportId })
    expect((await operation(again.id)).status).toBe('pending')
  })

  test('an operation is forgotten after its time', async () => {
    const { id } = (await request(person)).json()
    await sql("UPDATE operations SET expires_at = now() - interval '1 second' WHERE id = $1", id)
    expect((await call('GET', `/v1/operations/${id}`, { as: person })).statusCode).toBe(404)
    expect(await services.operations.purge()).toBe(1)
  })
})
