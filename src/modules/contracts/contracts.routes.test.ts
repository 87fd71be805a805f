import { beforeAll, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import type { Contract } from './contracts.schemas.ts'

const { call, signUp, services } = await buildTestApp()
const { jobs, applications } = services
const people = {} as Record<'client' | 'rival' | 'worker' | 'other' | 'support' | 'admin', Person>
const made: Contract[] = []

async function agree(client: Person, worker: Person): Promise<Contract> {
  const { id } = await jobs.create(client, newJob())
  await jobs.publish(client, id)
  const application = await applications.apply(worker, id, { coverLetter: 'Me' })
  return applications.accept(client, application.id)
}

beforeAll(async () => {
  const roles = { client: 'client', rival: 'client', worker: 'worker', other: 'worker', support: 'support' } as const
  for (const [name, role] of Object.entries({ ...roles, admin: 'admin' } as const)) {
    people[name as keyof typeof people] = await signUp(role)
  }
  const { client, rival, worker, other } = people
  for (const [payer, payee] of [
    [client, worker],
    [client, other],
    [rival, worker],
  ] as const) {
    made.push(await agree(payer, payee))
  }
})

async function list(as: Person, query = '') {
  const answer = await call('GET', `/v1/contracts${query}`, { as })
  return answer.json() as { data: Contract[]; page: { next: string | null } }
}

test('a contract is there for its parties and staff, and for nobody else', async () => {
  const { client, worker, support, admin, rival, other } = people
  const see = async (as: Person) => (await call('GET', `/v1/contracts/${made[0]?.id}`, { as })).statusCode
  expect(await Promise.all([client, worker, support, admin, rival, other].map(see))).toEqual([
    200, 200, 200, 200, 404, 404,
  ])
})

test('a contract says who pays whom how much, for what', async () => {
  const { client, worker } = people
  const answer = await call('GET', `/v1/contracts/${made[0]?.id}`, { as: worker })
  expect(answer.json()).toEqual(made[0])
  expect(answer.json()).toMatchObject({ clientId: client.id, workerId: worker.id, price: newJob().budget })
})

test('a contract that nobody has is a 404 problem, and a stranger is told to sign in', async () => {
  const url = '/v1/contracts/0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'
  expect((await call('GET', url, { as: people.admin })).json()).toMatchObject({
    status: 404,
    code: 'CONTRACT_NOT_FOUND',
  })
  expect((await call('GET', url)).json()).toMatchObject({ status: 401, code: 'TOKEN_MISSING' })
})

test('each sees their own contracts in the list, and staff all, the oldest first', async () => {
  const { client, worker, rival, other, support } = people
  const [first, second, third] = made
  expect((await list(client)).data).toEqual([first, second])
  expect((await list(worker)).data).toEqual([first, third])
  expect((await list(rival)).data).toEqual([third])
  expect((await list(other)).data).toEqual([second])
  expect((await list(support)).data).toEqual(made)
})

test('the list comes a page at a time, and a cursor is of use to nobody else', async () => {
  const { support, client } = people
  const first = await list(support, '?limit=2')
  const rest = await list(support, `?limit=2&cursor=${first.page.next}`)
  expect([...first.data, ...rest.data]).toEqual(made)
  expect(rest.page.next).toBeNull()
  const stolen = await call('GET', `/v1/contracts?limit=2&cursor=${first.page.next}`, { as: client })
  expect(stolen.json()).toMatchObject({ status: 400, code: 'CURSOR_INVALID' })
})
