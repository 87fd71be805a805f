import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { contractIn, type State, states } from '../../../test/contract-states.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { ContractReviews, ReviewPage } from './reviews.schemas.ts'

const app = await buildTestApp()
const { call, signUp, database, services } = app
let people: { client: Person; worker: Person }
let contract: string

beforeEach(async () => {
  const [client, worker] = await Promise.all([signUp('client'), signUp('worker')])
  people = { client, worker }
  contract = await contractIn('released', app, people)
})

const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const good = { rating: 5, text: 'Nine cranes mended, on time.' }
const give = (as: Person | undefined, body: unknown = good, { id = contract, headers = {} } = {}) =>
  call('POST', `/v1/contracts/${id}/reviews`, { ...(as && { as }), body, headers })
const read = async (as: Person, id = contract) =>
  (await call('GET', `/v1/contracts/${id}/reviews`, { as })).json<ContractReviews>().data
const pageOf = async ({ id }: { id: string }, query = '') =>
  (await call('GET', `/v1/users/${id}/reviews${query}`)).json<ReviewPage>()
const daysPass = (days: number) =>
  sql('UPDATE contracts SET ended_at = ended_at - make_interval(days => $1) WHERE id = $2', days, contract).then(() =>
    sql('UPDATE reviews SET visible_at = visible_at - make_interval(days => $1)', days),
  )
const refused = (status: number, code: string) => ({ status, code })
const eventsOf = (id = contract) =>
  sql(
    "SELECT kind, payload ->> 'subjectId' AS subject FROM outbox WHERE kind LIKE 'review.%' AND aggregate = $1 ORDER BY position",
    `contract:${id}`,
  )

describe('giving', () => {
  test('each side reviews the other, once; answer, trail and event are there together', async () => {
    const { client, worker } = people
    const answer = await give(client)
    const made = answer.json()
    expect([answer.statusCode, answer.headers.location]).toEqual([201, `/v1/contracts/${contract}/reviews`])
    const sides = { contractId: contract, authorId: client.id, subjectId: worker.id, by: 'client' }
    expect(made).toMatchObject({ ...sides, ...good })
    const [row, ...more] = await sql('SELECT action, actor_id, after FROM audit_log WHERE object_id = $1', made.id)
    expect([row?.action, row?.actor_id, more]).toEqual(['review.given', client.id, []])
    // What people write is personal: it is sealed in the trail.
    expect(JSON.stringify(row?.after)).not.toContain('cranes')
    expect(await eventsOf()).toEqual([{ kind: 'review.given', subject: worker.id }])
    const [told] = await sql("SELECT payload::text AS text FROM outbox WHERE kind = 'review.given'")
    expect(told?.text).not.toContain('cranes')
    expect((await give(client, { rating: 1, text: 'Changed my mind.' })).json()).toMatchObject(
      refused(409, 'ALREADY_REVIEWED'),
    )
    expect((await give(worker, { rating: 4, text: 'Paid well.' })).json()).toMatchObject({ by: 'worker', rating: 4 })
    expect((await eventsOf()).at(-1)).toEqual({ kind: 'review.answered', subject: client.id })
  })

  test.each(states)('a contract that is %s', async (state: State) => {
    const id = await contractIn(state, app, people)
    const answer = await give(people.worker, good, { id })
    if (state === 'released' || state === 'resolved') return expect(answer.statusCode).toBe(201)
    expect(answer.json()).toMatchObject(refused(409, 'CONTRACT_NOT_REVIEWABLE'))
    expect(answer.json().detail).toBe(`The contract is ${state}: it can be reviewed once it is released or resolved`)
  })

  test.each([
    [{ rating: 0, text: 'x' }],
    [{ rating: 6, text: 'x' }],
    [{ rating: 4.5, text: 'x' }],
    [{ rating: '5', text: 'x' }],
    [{ rating: 5 }],
    [{ text: 'x' }],
    [{ rating: 5, text: '' }],
    [{ rating: 5, text: 'x'.repeat(2001) }],
    [{ rating: 5, text: 'null \0 character' }],
    [{ ...good, visibleAt: '2020-01-01T00:00:00.000Z' }],
  ])('%j is 400, and nothing is kept', async (body) => {
    expect((await give(people.client, body)).statusCode).toBe(400)
    expect(await sql('SELECT FROM reviews WHERE contract_id = $1', contract)).toEqual([])
  })

  test('it is for the two parties: a stranger is 401, staff 403, anybody else 404', async () => {
    expect((await give(undefined)).json()).toMatchObject(refused(401, 'TOKEN_MISSING'))
    expect((await give(await signUp('admin'))).json()).toMatchObject(refused(403, 'ROLE_REFUSED'))
    expect((await give(await signUp('worker'))).json()).toMatchObject(refused(404, 'CONTRACT_NOT_FOUND'))
    expect((await give(people.client, good, { id: randomUUID() })).statusCode).toBe(404)
    expect(await sql('SELECT FROM reviews WHERE contract_id = $1', contract)).toEqual([])
  })

  test('the same call again is replayed, and under one key nothing else is said', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const [first, again] = [await give(people.client, good, { headers }), await give(people.client, good, { headers })]
    expect(again.json()).toEqual(first.json())
    expect([again.statusCode, again.headers.location]).toEqual([201, first.headers.location])
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect((await give(people.client, { ...good, rating: 1 }, { headers })).statusCode).toBe(422)
  })

  test('of ten calls of one side at once one counts', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => give(people.client, { ...good, text: `${n}` })),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array<number>(9).fill(409)])
    expect(await eventsOf()).toHaveLength(1)
  })

  test('both sides at once: each sees the other’s at once, and it is told which was the second', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await contractIn('released', app, people)
      const answers = await Promise.all([give(people.client, good, { id }), give(people.worker, good, { id })])
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 201])
      expect((await eventsOf(id)).map(({ kind }) => kind)).toEqual(['review.given', 'review.answered'])
      expect([(await read(people.client, id)).length, (await read(people.worker, id)).length]).toEqual([2, 2])
    }
  })

  test('nothing of a review can be changed, by the service’s own role either', async () => {
    const { id } = (await give(people.client)).json()
    const change = (text: string) => withClient(database.appUrl, (service) => service.query(text, [id]))
    await expect(change('UPDATE reviews SET rating = 1 WHERE id = $1')).rejects.toMatchObject({ code: '42501' })
    await expect(change('DELETE FROM reviews WHERE id = $1')).rejects.toMatchObject({ code: '42501' })
    await expect(change("UPDATE reviews SET text = 'Bad.' WHERE id = $1")).rejects.toMatchObject({
      constraint: 'reviews_words_stay',
    })
  })
})

describe('seeing', () => {
  test('one’s own at once, the other’s when both are in: until then it is not counted either', async () => {
    const { client, worker } = people
    await give(client)
    expect((await read(client)).map(({ by }) => by)).toEqual(['client'])
    expect(await read(worker)).toEqual([])
    expect(await pageOf(worker)).toMatchObject({ data: [], summary: { count: 0, average: null } })
    await give(worker, { rating: 4, text: 'Paid well.' })
    for (const as of [client, worker]) expect((await read(as)).map(({ by }) => by)).toEqual(['client', 'worker'])
    expect(await pageOf(worker)).toMatchObject({ data: [good], summary: { count: 1, average: 5 } })
    expect(await pageOf(client)).toMatchObject({ data: [{ rating: 4 }], summary: { count: 1, average: 4 } })
  })

  test('one that is alone opens 14 days after the end, and then it is too late for the other', async () => {
    const { client, worker } = people
    await give(client)
    await daysPass(13)
    expect(await read(worker)).toEqual([])
    await daysPass(1)
    expect(await read(worker)).toMatchObject([good])
    expect(await pageOf(worker)).toMatchObject({ summary: { count: 1, average: 5 } })
    expect((await give(worker)).json()).toMatchObject(refused(409, 'REVIEWS_CLOSED'))
    expect(await pageOf(client)).toMatchObject({ summary: { count: 0 } })
  })

  test('staff see both, and nobody else the list of a contract', async () => {
    await give(people.client)
    for (const role of ['support', 'admin'] as const) expect(await read(await signUp(role))).toHaveLength(1)
    const other = await call('GET', `/v1/contracts/${contract}/reviews`, { as: await signUp('worker') })
    expect(other.json()).toMatchObject(refused(404, 'CONTRACT_NOT_FOUND'))
    expect((await call('GET', `/v1/contracts/${contract}/reviews`)).statusCode).toBe(401)
  })

  test('anybody reads what is said of someone, a page at a time, what opened last first, with the average of all', async () => {
    const { worker } = people
    const ratings = [5, 4, 4]
    for (const rating of ratings) {
      const client = await signUp('client')
      const id = await contractIn('released', app, { client, worker })
      await give(client, { rating, text: `A ${rating}` }, { id })
      await give(worker, good, { id })
    }
    const first = await pageOf(worker, '?limit=2')
    const rest = await pageOf(worker, `?limit=2&cursor=${first.page.next}`)
    expect([...first.data, ...rest.data].map(({ rating }) => rating)).toEqual([4, 4, 5])
    expect(rest.page.next).toBeNull()
    for (const { summary } of [first, rest]) expect(summary).toEqual({ count: 3, average: 4.3 })
    const other = await call('GET', `/v1/users/${people.client.id}/reviews?limit=2&cursor=${first.page.next}`)
    expect(other.json()).toMatchObject(refused(400, 'CURSOR_INVALID'))
  })

  test('of nobody, and of someone whose account is erased, there is no list', async () => {
    expect((await call('GET', `/v1/users/${randomUUID()}/reviews`)).json()).toMatchObject(
      refused(404, 'USER_NOT_FOUND'),
    )
    expect((await call('GET', '/v1/users/me/reviews')).statusCode).toBe(400)
    await give(people.client, { rating: 2, text: 'Ada was late.' })
    await give(people.worker, { rating: 3, text: 'Grace was there.' })
    const { worker, client } = people
    expect((await call('DELETE', '/v1/me', { as: worker, body: { password: worker.password } })).statusCode).toBe(204)
    expect((await call('GET', `/v1/users/${worker.id}/reviews`)).statusCode).toBe(404)
    // What was said of the erased loses its words; what they said of others is part of what others are known for.
    expect((await read(client)).map(({ rating, text }) => [rating, text])).toEqual([
      [2, 'Erased'],
      [3, 'Grace was there.'],
    ])
    expect(await pageOf(client)).toMatchObject({ summary: { count: 1, average: 3 } })
  })
})

test('an export has what someone wrote, and of what others wrote only what can be seen', async () => {
  const { client, worker } = people
  await give(client)
  const exported = async (as: Person) => {
    const { id } = (await call('POST', '/v1/me/data-exports', { as })).json()
    const [event] = await sql(
      "SELECT id, payload FROM outbox WHERE kind = 'data-export.requested' ORDER BY position DESC",
    )
    await services.exports.make(event as { id: string }, event?.payload)
    const { result } = (await call('GET', `/v1/operations/${id}`, { as })).json()
    return (await call('GET', result.href, { as })).json().reviews.entries as { text: string }[]
  }
  expect(await exported(client)).toMatchObject([good])
  expect(await exported(worker)).toEqual([])
  await give(worker, { rating: 4, text: 'Paid well.' })
  expect((await exported(worker)).map(({ text }) => text)).toEqual([good.text, 'Paid well.'])
})

test('a job under contract keeps its title in what is told', async () => {
  await give(people.client)
  const [told] = await sql("SELECT payload FROM outbox WHERE kind = 'review.given' ORDER BY position DESC")
  expect(told?.payload).toMatchObject({ contractId: contract, jobTitle: newJob().title })
})
