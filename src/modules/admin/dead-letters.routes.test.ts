import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { environment } from '../../../test/environment.ts'
import { run } from '../../../test/run.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { DeadLetter, Redriven } from './dead-letters.schemas.ts'

const { call, signUp, database } = await buildTestApp()
const people = {} as Record<'admin' | 'support' | 'client' | 'worker', Person>

beforeAll(async () => {
  for (const role of ['admin', 'support', 'client', 'worker'] as const) people[role] = await signUp(role)
})

const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)

beforeEach(async () => {
  await sql('DELETE FROM outbox')
})

/** A dead letter; answers its id. */
async function dead(kind = 'mail.requested', error = 'The server refused it') {
  const id = randomUUID()
  await sql(
    `INSERT INTO outbox (id, aggregate, kind, payload, request_id, published_at, dead_at, error)
     VALUES ($1, 'notification:1', $2, $3, 'request-of-a-test', now(), now(), $4)`,
    ...[id, kind, { jobTitle: 'Fix the harbour crane' }, error],
  )
  return id
}

async function list(query = '', as = people.support) {
  const answer = await call('GET', `/v1/admin/dead-letters${query}`, { as })
  return answer.json() as { data: DeadLetter[]; page: { next: string | null } }
}
const redrive = (id: string, as = people.admin, headers = {}) =>
  call('POST', `/v1/admin/dead-letters/${id}/redelivery`, { as, headers })
const redriveMany = (body: unknown, as = people.admin) =>
  call('POST', '/v1/admin/dead-letters/redelivery', { as, body })
const idsOf = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)
const due = async () =>
  (
    await sql(
      "SELECT id FROM outbox WHERE dead_at IS NULL AND error IS NULL AND published_at < '2000-01-01' ORDER BY position",
    )
  ).map(({ id }) => id)
const audited = (id: string) =>
  sql("SELECT action, actor_id, after -> 'plain' AS after FROM audit_log WHERE object_id = $1", id)

describe('looking', () => {
  test('staff see what could not be told, the newest first, a page at a time, by kind too', async () => {
    const ids = [await dead(), await dead('contract.funded'), await dead()].reverse()
    const first = await list('?limit=2')
    const rest = await list(`?limit=2&cursor=${first.page.next}`)
    expect([...idsOf(first), ...idsOf(rest)]).toEqual(ids)
    expect(rest.page.next).toBeNull()
    expect(idsOf(await list('?kind=contract.funded'))).toEqual([ids[1]])
    expect(idsOf(await list('?kind=nobody.did-this'))).toEqual([])
    const elsewhere = await call('GET', `/v1/admin/dead-letters?kind=mail.requested&cursor=${first.page.next}`, {
      as: people.support,
    })
    expect(elsewhere.json()).toMatchObject({ status: 400, code: 'CURSOR_INVALID' })
  })

  test('they see why and about what, and neither an address nor what people wrote', async () => {
    await dead('mail.requested', '550 <ada@example.com>: nobody is called ada@example.com here')
    const answer = await call('GET', '/v1/admin/dead-letters', { as: people.admin })
    expect(answer.json().data).toMatchObject([
      {
        kind: 'mail.requested',
        aggregate: 'notification:1',
        requestId: 'request-of-a-test',
        error: '550 <(address)>: nobody is called (address) here',
      },
    ])
    expect(answer.body).not.toMatch(/ada@|harbour/)
  })

  test('it is for staff, and to put something back is for admins', async () => {
    const id = await dead()
    const { client, worker, support } = people
    for (const as of [client, worker])
      expect((await call('GET', '/v1/admin/dead-letters', { as })).json()).toMatchObject({ code: 'ROLE_REFUSED' })
    expect((await call('GET', '/v1/admin/dead-letters')).statusCode).toBe(401)
    for (const as of [client, worker, support]) {
      expect((await redrive(id, as)).statusCode).toBe(403)
      expect((await redriveMany({ limit: 1 }, as)).statusCode).toBe(403)
    }
    expect(await due()).toEqual([])
  })
})

describe('putting back', () => {
  test('one is due again at once, is no dead letter any more, and leaves one row in the trail', async () => {
    const [id, other] = [await dead(), await dead()]
    const answer = await redrive(id)
    expect([answer.statusCode, answer.json()]).toEqual([200, { data: [{ id, kind: 'mail.requested' }] }])
    expect(await due()).toEqual([id])
    expect(idsOf(await list())).toEqual([other])
    const row = { action: 'dead-letter.redriven', actor_id: people.admin.id }
    expect(await audited(id)).toEqual([{ ...row, after: { kind: 'mail.requested', count: 1 } }])
    expect((await redrive(id)).json()).toMatchObject({ status: 404, code: 'DEAD_LETTER_NOT_FOUND' })
    expect(await audited(id)).toHaveLength(1)
  })

  test('of ten who put one back at once one does, and the same call again is replayed', async () => {
    const id = await dead()
    const answers = await Promise.all(Array.from({ length: 10 }, () => redrive(id)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array<number>(9).fill(404)])
    expect(await audited(id)).toHaveLength(1)
    const next = await dead()
    const headers = { 'idempotency-key': randomUUID() }
    const [first, again] = [await redrive(next, people.admin, headers), await redrive(next, people.admin, headers)]
    expect([again.statusCode, again.json()]).toEqual([200, first.json()])
    expect(again.headers['idempotent-replayed']).toBe('true')
  })

  test('many: the oldest of a kind first, at most so many, and one row for all', async () => {
    const [first, second, third] = [await dead(), await dead(), await dead()]
    const other = await dead('contract.funded')
    const answer = await redriveMany({ kind: 'mail.requested', limit: 2 })
    expect(idsOf(answer.json<Redriven>())).toEqual([first, second])
    expect(await audited(first)).toMatchObject([{ after: { kind: 'mail.requested', count: 2 } }])
    expect(await audited(second)).toEqual([])
    expect(idsOf((await redriveMany({ limit: 100 })).json())).toEqual([third, other])
    expect((await redriveMany({ limit: 100 })).json()).toEqual({ data: [] })
  })

  test('two who put many back at once share them: each is put back once', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => dead()))
    const answers = await Promise.all([1, 2, 3].map(() => redriveMany({ limit: 20 })))
    const shared = answers.flatMap((answer) => idsOf(answer.json()))
    expect(new Set(shared).size).toBe(shared.length)
    expect(
      idsOf((await redriveMany({ limit: 100 })).json())
        .concat(shared)
        .sort(),
    ).toEqual(ids.sort())
  })

  test.each([[{}], [{ limit: 0 }], [{ limit: 101 }], [{ limit: 1.5 }], [{ limit: 1, kind: "x' OR true --" }]])(
    '%j is 400, and nothing is put back',
    async (body) => {
      const id = await dead()
      expect((await redriveMany(body)).statusCode).toBe(400)
      expect(idsOf(await list())).toEqual([id])
    },
  )

  test('what is no id is 400, and one that is no dead letter 404', async () => {
    expect((await redrive('all')).statusCode).toBe(400)
    expect((await redrive(randomUUID())).statusCode).toBe(404)
    await sql("INSERT INTO outbox (aggregate, kind, payload) VALUES ('a', 'mail.requested', '{}')")
    const [open] = await sql('SELECT id FROM outbox')
    expect((await redrive(open?.id)).statusCode).toBe(404)
  })

  test('the command does the same, and is in the trail as nobody’s', async () => {
    const [id, other] = [await dead(), await dead()]
    const command = (...words: string[]) =>
      run(process.execPath, ['src/dead-letters.ts', ...words], { env: environment(database.appUrl) })
    expect((await command('list')).stdout).toMatch(/^2 dead letters/m)
    expect((await command('redrive', id, randomUUID())).stdout).toMatch(/will be told again\n.*is no dead letter/)
    expect(await audited(id)).toMatchObject([{ action: 'dead-letter.redriven', actor_id: null }])
    expect((await command('redrive', 'all')).stdout).toContain(other)
    expect((await command()).stdout).toContain('There is no dead letter.')
    expect((await command('redrive')).code).toBe(78)
  })
})
