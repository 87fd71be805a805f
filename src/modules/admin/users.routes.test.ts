import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { AdminUser } from './users.schemas.ts'

const { call, signUp, database, lines } = await buildTestApp()
const people = {} as Record<'admin' | 'other' | 'support' | 'client' | 'worker', Person>

beforeAll(async () => {
  people.admin = await signUp('admin')
  people.other = await signUp('admin')
  for (const role of ['support', 'client', 'worker'] as const) people[role] = await signUp(role)
})

const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const audited = async (id: string) =>
  (await sql('SELECT action FROM audit_log WHERE object_id = $1 ORDER BY id', id)).map(({ action }) => action).slice(1)
const told = (security: string, userId: string) =>
  lines.filter((line) => line.security === security && line.userId === userId).length
const logIn = ({ email, password }: Person) => call('POST', '/v1/auth/login', { body: { email, password } })
const block = (id: string, as = people.admin, body: unknown = { reason: 'Took payments outside' }) =>
  call('PUT', `/v1/admin/users/${id}/block`, { as, body })
const unblock = (id: string, as = people.admin) => call('DELETE', `/v1/admin/users/${id}/block`, { as })
const changeRole = (id: string, role: unknown, as = people.admin) =>
  call('PUT', `/v1/admin/users/${id}/role`, { as, body: { role } })
const list = async (query = '', as = people.support) => {
  const answer = await call('GET', `/v1/admin/users${query}`, { as })
  return answer.json() as { data: AdminUser[]; page: { next: string | null } }
}
const idsOf = ({ data }: { data: AdminUser[] }) => data.map(({ id }) => id)

describe('finding accounts', () => {
  test('staff see all accounts, the newest first, a page at a time', async () => {
    const first = await list('?limit=3')
    const rest = await list(`?limit=3&cursor=${first.page.next}`)
    const { admin, other, support, client, worker } = people
    expect([...idsOf(first), ...idsOf(rest)]).toEqual([worker, client, support, other, admin].map(({ id }) => id))
    expect(rest.page.next).toBeNull()
  })

  test('the filters hold together, and a cursor belongs to its filters', async () => {
    const { client, admin, other } = people
    expect(idsOf(await list(`?email=${client.email.toUpperCase()}`))).toEqual([client.id])
    expect(idsOf(await list(`?email=${client.email.slice(1)}`))).toEqual([])
    expect(idsOf(await list('?role=admin&blocked=false'))).toEqual([other.id, admin.id])
    expect(idsOf(await list('?blocked=true'))).toEqual([])
    const { page } = await list('?limit=1&role=admin')
    const elsewhere = await call('GET', `/v1/admin/users?limit=1&cursor=${page.next}`, { as: people.support })
    expect(elsewhere.json()).toMatchObject({ status: 400, code: 'CURSOR_INVALID' })
  })

  test('an account shows no password', async () => {
    const answer = await call('GET', `/v1/admin/users/${people.client.id}`, { as: people.support })
    expect(Object.keys(answer.json()).sort()).toEqual(
      'blockedAt createdAt email emailVerifiedAt erasedAt id name role tier updatedAt version'.split(' '),
    )
  })

  test('one that nobody has is 404, and what is no id is 400', async () => {
    const see = (id: string) => call('GET', `/v1/admin/users/${id}`, { as: people.admin })
    expect((await see(randomUUID())).json()).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' })
    expect((await see('me')).statusCode).toBe(400)
    expect((await call('GET', '/v1/admin/users?role=captain', { as: people.admin })).statusCode).toBe(400)
  })

  test('it is for staff only, and to change is for admins', async () => {
    const { client, worker, support } = people
    for (const path of ['/v1/admin/users', `/v1/admin/users/${worker.id}`]) {
      expect((await call('GET', path)).statusCode).toBe(401)
      expect((await call('GET', path, { as: client })).json()).toMatchObject({ status: 403, code: 'ROLE_REFUSED' })
    }
    for (const as of [support, client]) {
      const answers = [
        await block(worker.id, as),
        await unblock(worker.id, as),
        await changeRole(worker.id, 'admin', as),
      ]
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403])
    }
  })
})

describe('blocking', () => {
  test('it ends all sessions, refuses the right password, and leaves one audit row and one event', async () => {
    const person = await signUp('worker')
    await Promise.all([logIn(person), logIn(person)])
    const before = (await audited(person.id)).length
    const blocked = await block(person.id)
    expect([blocked.statusCode, blocked.json().blockedAt]).toEqual([200, expect.stringMatching(/Z$/)])
    const open = await sql('SELECT ended_because FROM sessions WHERE user_id = $1', person.id)
    expect(open.length).toBeGreaterThanOrEqual(2)
    expect(open.every(({ ended_because }) => ended_because === 'blocked')).toBe(true)
    expect((await logIn(person)).json()).toMatchObject({ status: 403, code: 'ACCOUNT_BLOCKED' })
    expect((await logIn({ ...person, password: 'not the password' })).json()).toMatchObject({
      code: 'CREDENTIALS_WRONG',
    })
    // Again it is nothing new.
    expect((await block(person.id, people.other, { reason: 'Another reason' })).json()).toEqual(blocked.json())
    expect((await audited(person.id)).slice(before)).toEqual(['user.blocked'])
    expect(told('user.blocked', person.id)).toBe(1)
    expect(idsOf(await list('?blocked=true'))).toContain(person.id)

    expect((await unblock(person.id)).json().blockedAt).toBeNull()
    expect((await unblock(person.id)).statusCode).toBe(200)
    expect((await audited(person.id)).slice(before)).toEqual(['user.blocked', 'user.unblocked'])
    expect((await logIn(person)).statusCode).toBe(200)
  })

  test('the reason is in the audit trail, and not in the clear', async () => {
    const person = await signUp('client')
    await block(person.id, people.admin, { reason: 'Ada said so on the telephone' })
    const [row] = await sql(
      "SELECT after::text FROM audit_log WHERE object_id = $1 AND action = 'user.blocked'",
      person.id,
    )
    expect(row?.after).toContain('sealed')
    expect(row?.after).not.toContain('telephone')
  })

  test.each([[undefined], [''], ['a'.repeat(501)], [7], ['null \0 character']])(
    'a reason that is %j is 400, and nobody is blocked',
    async (reason) => {
      expect((await block(people.worker.id, people.admin, { reason })).statusCode).toBe(400)
      expect((await list(`?email=${people.worker.email}`)).data[0]?.blockedAt).toBeNull()
    },
  )

  test('nobody blocks themselves, or whom there is not', async () => {
    const { admin } = people
    expect((await block(admin.id)).json()).toMatchObject({ status: 409, code: 'NOT_YOURSELF' })
    expect((await block(randomUUID())).json()).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' })
    expect((await unblock(randomUUID())).statusCode).toBe(404)
  })

  test('nothing of an erased account changes', async () => {
    const { id } = await signUp('client')
    await sql('UPDATE users SET erased_at = now() WHERE id = $1', id)
    for (const answer of [await block(id), await unblock(id), await changeRole(id, 'admin')])
      expect(answer.json()).toMatchObject({ status: 409, code: 'USER_ERASED' })
  })
})

describe('roles', () => {
  test('the next sign-in has the new role, and no session outlives the old one', async () => {
    const person = await signUp('client')
    await logIn(person)
    const before = (await audited(person.id)).length
    expect((await changeRole(person.id, 'support')).json()).toMatchObject({ role: 'support' })
    expect(await sql('SELECT FROM sessions WHERE user_id = $1 AND ended_at IS NULL', person.id)).toEqual([])
    expect((await changeRole(person.id, 'support')).statusCode).toBe(200)
    expect((await audited(person.id)).slice(before)).toEqual(['user.role-changed'])
    const [row] = await sql(
      "SELECT before, after FROM audit_log WHERE object_id = $1 AND action = 'user.role-changed'",
      person.id,
    )
    expect(JSON.stringify([row?.before, row?.after])).toMatch(/"client".*"support"/)
    expect(told('role.changed', person.id)).toBe(1)
    const { accessToken } = (await logIn(person)).json()
    expect((await call('GET', '/v1/admin/users', { as: { token: accessToken } })).statusCode).toBe(200)
  })

  test.each([['captain'], [undefined], [null], [1]])('the role %j is 400', async (role) => {
    expect((await changeRole(people.worker.id, role)).statusCode).toBe(400)
  })

  test('nobody changes their own role', async () => {
    expect((await changeRole(people.admin.id, 'client')).json()).toMatchObject({ status: 409, code: 'NOT_YOURSELF' })
  })

  test('one admin is left, also of two who take each other’s role away at once', async () => {
    await sql("UPDATE users SET role = 'support' WHERE role = 'admin' AND id <> ALL ($1)", [
      people.admin.id,
      people.other.id,
    ])
    for (let round = 0; round < 5; round++) {
      const pair = [people.admin, people.other]
      const answers = await Promise.all([
        changeRole(people.other.id, 'client', people.admin),
        round % 2 === 0 ? changeRole(people.admin.id, 'client', people.other) : block(people.admin.id, people.other),
      ])
      expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 403])
      const admins = await sql("SELECT id FROM users WHERE role = 'admin' AND blocked_at IS NULL")
      expect(admins).toHaveLength(1)
      await sql(
        "UPDATE users SET role = 'admin', blocked_at = NULL WHERE id = ANY ($1)",
        pair.map(({ id }) => id),
      )
    }
  })
})
