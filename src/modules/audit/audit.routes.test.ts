import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { AuditEntry } from './audit.schemas.ts'

const { call, signUp, services, database, db } = await buildTestApp()
const [admin, support, client] = [await signUp('admin'), await signUp('support'), await signUp('client')]
const sql = (text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const listed = async (query: string, as: Person = admin) => {
  const answer = await call('GET', `/v1/admin/audit?${query}`, { as })
  expect([query, answer.statusCode]).toEqual([query, 200])
  return answer.json<{ data: AuditEntry[]; page: { next: string | null } }>()
}
const seen = { requestId: 'request-of-a-test', addressHash: 'hash-of-an-address' }
const record = (actor: Person, action: `${string}.${string}`, change: object, objectId: string = randomUUID()) =>
  db.transaction((tx) => services.audit(tx, { ...actor, ...seen }, action, objectId, change)).then(() => objectId)

describe('a row', () => {
  test('holds who, where from, and the fields that changed; personal ones are opened for staff', async () => {
    const before = { title: 'Old', status: 'draft', budgetAmount: 5, skills: ['a'] }
    const id = await record(client, 'job.edited', { before, after: { ...before, title: 'New', budgetAmount: 6 } })
    const [entry] = (await listed(`objectId=${id}`, support)).data
    expect(entry).toEqual({
      id: expect.any(Number),
      at: expect.stringMatching(/Z$/),
      ...{ actorId: client.id, actorRole: 'client', action: 'job.edited', objectType: 'job', objectId: id, ...seen },
      ...{ personId: client.id, isForgotten: false },
      changes: [
        { field: 'budgetAmount', before: '5', after: '6', isPersonal: false },
        { field: 'title', before: '"Old"', after: '"New"', isPersonal: true },
      ],
    })
  })

  test('holds nothing personal in a form that the database can read', async () => {
    const id = await record(client, 'job.edited', { after: { email: 'ada@example.com', unheardOf: 'Ada Lovelace' } })
    const [row] = await sql('SELECT to_jsonb(audit_log)::text AS text FROM audit_log WHERE object_id = $1', [id])
    expect(row.text).not.toMatch(/ada@|Lovelace/)
  })

  test('seals under the key of the user that it is about, or of whom it is told', async () => {
    const about = await record(admin, 'user.changed', { after: { name: 'Ada' } }, client.id)
    const told = await record(admin, 'thing.changed', { after: { name: 'Ada' }, of: client.id })
    for (const id of [about, told]) expect((await listed(`objectId=${id}&limit=1`)).data[0]?.personId).toBe(client.id)
  })

  test('is gone with the transaction that wrote it', async () => {
    const id = randomUUID()
    const failing = db.transaction(async (tx) => {
      await services.audit(tx, client, 'job.edited', id)
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect((await listed(`objectId=${id}`)).data).toEqual([])
  })
})

describe('the key of a person', () => {
  test('that a failed transaction made is not used again', async () => {
    const newcomer = await signUp('worker')
    await sql('DELETE FROM person_keys WHERE user_id = $1', [newcomer.id])
    await services.forgetPerson(db, newcomer.id)
    const failing = db.transaction(async (tx) => {
      await services.audit(tx, newcomer, 'thing.changed', randomUUID(), { after: { name: 'W' } })
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    const id = await record(newcomer, 'thing.changed', { after: { name: 'W' } })
    expect((await listed(`objectId=${id}`)).data[0]?.changes).toMatchObject([{ field: 'name', after: '"W"' }])
  })

  test('is made once, also by two transactions at once', async () => {
    const newcomer = await signUp('worker')
    await services.forgetPerson(db, newcomer.id)
    const ids = await Promise.all([1, 2, 3].map((n) => record(newcomer, 'thing.changed', { after: { name: `W${n}` } })))
    for (const [place, id] of ids.entries())
      expect((await listed(`objectId=${id}`)).data[0]?.changes[0]?.after).toBe(`"W${place + 1}"`)
  })

  test('takes what is personal along when it is destroyed, and nobody makes another for the erased', async () => {
    const person = await signUp('worker')
    const earlier = await record(person, 'thing.changed', { after: { name: 'Wanda', status: 'new' } })
    await db.transaction(async (tx) => {
      await sql('UPDATE users SET erased_at = now() WHERE id = $1', [person.id])
      await services.forgetPerson(tx, person.id)
    })
    const later = await record(admin, 'thing.changed', { after: { name: 'Wanda', status: 'new' }, of: person.id })
    for (const id of [earlier, later])
      expect((await listed(`objectId=${id}`)).data[0]).toMatchObject({
        isForgotten: true,
        changes: [{ field: 'status', after: '"new"', isPersonal: false }],
      })
    expect(await sql('SELECT user_id FROM person_keys WHERE user_id = $1', [person.id])).toEqual([])
  })
})

describe('the list', () => {
  test('is told apart by type, object and actor, the newest first, in pages', async () => {
    const object = randomUUID()
    for (const action of ['lamp.lit', 'lamp.put-out', 'lamp.lit'] as const) await record(support, action, {}, object)
    for (const query of [`objectId=${object}`, 'objectType=lamp', `objectType=lamp&actorId=${support.id}`]) {
      const first = await listed(`${query}&limit=2`)
      expect(first.data.map(({ action }) => action)).toEqual(['lamp.lit', 'lamp.put-out'])
      const second = await listed(`${query}&limit=2&cursor=${first.page.next}`)
      expect([second.data.length, second.page.next]).toEqual([1, null])
    }
    expect((await listed(`objectType=lamp&actorId=${client.id}`)).data).toEqual([])
  })

  test.each(['objectId=x', 'actorId=1', 'objectType=A', 'limit=0', 'cursor=x', 'action=job.edited'])(
    'with %s is 400',
    async (query) => {
      expect((await call('GET', `/v1/admin/audit?${query}`, { as: admin })).statusCode).toBe(400)
    },
  )

  test('is for support and admins; verification and checkpoint are for admins', async () => {
    const statusFor = async (path: string, as?: Person) =>
      (await call('GET', `/v1/admin/audit${path}`, as ? { as } : {})).statusCode
    expect(await Promise.all([statusFor(''), statusFor('', client), statusFor('', support)])).toEqual([401, 403, 200])
    for (const path of ['/verification', '/checkpoint'])
      expect(await Promise.all([statusFor(path), statusFor(path, client), statusFor(path, support)])).toEqual([
        401, 403, 403,
      ])
  })
})

describe('the table', () => {
  test.each(['audit_log', 'audit_seals'])('%s refuses every change by its owner too', async (table) => {
    const column = table === 'audit_log' ? 'action' : 'key_id'
    for (const statement of [
      `UPDATE ${table} SET ${column} = ''`,
      `UPDATE ${table} SET ${column} = '' WHERE false`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `MERGE INTO ${table} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE`,
    ])
      await expect(sql(statement), statement).rejects.toMatchObject({ code: '55000' })
  })

  test('refuses by row too, where another table inherits it, and where triggers are those of a replica', async () => {
    await withClient(database.adminUrl, async (superuser) => {
      await superuser.query(`BEGIN; CREATE TABLE above (action text NOT NULL); ALTER TABLE audit_log INHERIT above;
        SAVEPOINT here`)
      await expect(superuser.query('DELETE FROM above')).rejects.toMatchObject({ code: '55000' })
      await superuser.query(`ROLLBACK TO here; SET LOCAL session_replication_role = replica`)
      await expect(superuser.query('DELETE FROM audit_log')).rejects.toMatchObject({ code: '55000' })
      await superuser.query('ROLLBACK')
    })
  })
})
