import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { Person } from '../../../test/app.ts'
import { contractIn } from '../../../test/contract-states.ts'
import { buildMoneyApp } from '../../../test/money.ts'
import type { Contract } from './contracts.schemas.ts'

const app = await buildMoneyApp()
const { call, signUp, agree, fund, step, services, client, worker, admin } = app
const people = { client, worker, admin } as Record<'client' | 'worker' | 'support' | 'admin', Person>
const disputed: string[] = []

beforeAll(async () => {
  people.support = await signUp('support')
  await contractIn('funded', app, people)
  await contractIn('resolved', app, people)
  for (let count = 0; count < 3; count++) disputed.push(await contractIn('disputed', app, people))
})

async function list(as: Person, query = '') {
  const answer = await call('GET', `/v1/admin/disputes${query}`, { as })
  return answer.json() as { data: Contract[]; page: { next: string | null } }
}
const resolve = (id: string, as: Person, body: unknown = { outcome: 'release' }) =>
  call('POST', `/v1/admin/disputes/${id}/resolution`, { as, body })

test('staff see what waits for a decision, with the reason, the oldest dispute first, a page at a time', async () => {
  const first = await list(people.support, '?limit=2')
  const rest = await list(people.admin, `?limit=2&cursor=${first.page.next}`)
  expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(disputed)
  expect(rest.page.next).toBeNull()
  expect(first.data[0]).toMatchObject({
    status: 'disputed',
    disputeReason: 'It leaks',
    disputedBy: people.client.id,
  })
})

test('it is for staff, and to decide is for admins', async () => {
  const [id = ''] = disputed
  const { support } = people
  for (const as of [client, worker]) {
    expect((await call('GET', '/v1/admin/disputes', { as })).json()).toMatchObject({ code: 'ROLE_REFUSED' })
    expect((await resolve(id, as)).json()).toMatchObject({ status: 403, code: 'ROLE_REFUSED' })
  }
  expect((await resolve(id, support)).statusCode).toBe(403)
  expect((await call('GET', '/v1/admin/disputes')).statusCode).toBe(401)
  expect((await list(support)).data).toHaveLength(3)
})

test.each([
  [{}],
  [{ outcome: 'keep' }],
  [{ outcome: 'split', workerAmount: 0 }],
  [{ outcome: 'split', workerAmount: -1 }],
  [{ outcome: 'split', workerAmount: 1.5 }],
  [{ outcome: 'split', workerAmount: '100' }],
  [{ outcome: 'split', workerAmount: 1_000_000_000_001 }],
  [{ outcome: 'release', because: 'I like them' }],
])('the decision %j is 400', async (body) => {
  expect((await resolve(disputed[0] ?? '', people.admin, body)).statusCode).toBe(400)
})

test('what is not disputed is 409, and what nobody has 404', async () => {
  const funded = await contractIn('funded', app, people)
  expect((await resolve(funded, people.admin)).json()).toMatchObject({ status: 409, code: 'CONTRACT_STATE' })
  expect((await resolve(randomUUID(), people.admin)).json()).toMatchObject({ status: 404, code: 'CONTRACT_NOT_FOUND' })
})

test('of decisions at once one counts, by an admin’s word, and the money goes once', async () => {
  const contract = await agree({ amount: 1000, currency: 'EUR' })
  await fund(contract)
  await step(worker, contract, 'dispute', { reason: 'Nobody answers' })
  expect((await list(admin)).data.at(-1)).toMatchObject({ id: contract.id, disputeReason: 'Nobody answers' })
  const key = { 'idempotency-key': randomUUID() }
  const decide = (body: unknown, headers = {}) =>
    call('POST', `/v1/admin/disputes/${contract.id}/resolution`, { as: admin, body, headers })
  const answers = await Promise.all([
    decide({ outcome: 'split', workerAmount: 400 }, key),
    decide({ outcome: 'split', workerAmount: 400 }, key),
    decide({ outcome: 'split', workerAmount: 400 }),
  ])
  expect(answers.filter(({ statusCode }) => statusCode === 200).map((answer) => answer.json().workerShare)).toContain(
    400,
  )
  expect((await decide({ outcome: 'refund' })).json()).toMatchObject({ status: 409, code: 'CONTRACT_STATE' })
  expect(await services.ledger.wallet(worker.id)).toMatchObject([{ available: 360 }])
  expect((await list(admin)).data.map(({ id }) => id)).not.toContain(contract.id)
})
