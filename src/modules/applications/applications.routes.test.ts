import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { Application } from './applications.schemas.ts'

const { call, signUp, services, database } = await buildTestApp()
const { jobs, applications } = services
const nobody = '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'
const letter = { coverLetter: 'I have mended nine cranes like yours.' }
let client: Person
let rival: Person
let staff: Person
let workers: Person[]

beforeAll(async () => {
  const people = ['client', 'client', 'support', ...Array<'worker'>(20).fill('worker')] as const
  const [first, second, third, ...rest] = await Promise.all(people.map(signUp))
  ;[client, rival, staff, workers] = [first as Person, second as Person, third as Person, rest]
})

const worker = (n = 0) => workers[n] as Person

async function opened(): Promise<string> {
  const { id } = await jobs.create(client, newJob())
  return (await jobs.publish(client, id)).id
}

const applied = (jobId: string, n = 0): Promise<Application> => applications.apply(worker(n), jobId, letter)
const apply = (jobId: string, as: Person | undefined = worker()) =>
  call('POST', `/v1/jobs/${jobId}/applications`, { as, body: letter })
const get = (url: string, as: Person) => call('GET', url, { as })
const withdraw = (id: string, as = worker()) => call('DELETE', `/v1/applications/${id}`, { as })
const accept = (id: string, { as = client, key = randomUUID() as string } = {}) =>
  call('POST', `/v1/applications/${id}/acceptance`, { as, headers: { 'idempotency-key': key } })

async function rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

const contractsOf = (jobId: string) => rows('SELECT * FROM contracts WHERE job_id = $1', jobId)
const statusesOf = async (jobId: string) =>
  (await rows('SELECT status FROM applications WHERE job_id = $1 ORDER BY id', jobId)).map(({ status }) => status)
const statusOf = async (id: string) => (await get(`/v1/applications/${id}`, client)).json().status
const toldOf = `SELECT aggregate, kind, payload ->> 'contractId' AS contract FROM outbox
  WHERE payload ->> 'jobId' = $1 ORDER BY position`
const blocked = 'SELECT FROM pg_stat_activity WHERE datname = $1 AND cardinality(pg_blocking_pids(pid)) > 0'
const refused = (status: number, code: string) => ({ status, code })

describe('applying', () => {
  test('a worker applies for an open job', async () => {
    const jobId = await opened()
    const answer = await apply(jobId)
    expect([answer.statusCode, answer.headers.location]).toEqual([201, `/v1/applications/${answer.json().id}`])
    expect(answer.json()).toMatchObject({ jobId, workerId: worker().id, ...letter, status: 'submitted' })
  })

  test('the application, its event and its audit row are there together', async () => {
    const jobId = await opened()
    const { id } = (await apply(jobId)).json()
    const payload = { applicationId: id, jobId, jobTitle: newJob().title, clientId: client.id, workerId: worker().id }
    const [kind, told] = ['application.submitted', 'SELECT kind, payload FROM outbox WHERE aggregate = $1']
    expect(await rows(told, `application:${id}`)).toEqual([{ kind, payload }])
    const audited = await rows('SELECT action, actor_id FROM audit_log WHERE object_id = $1', id)
    expect(audited).toEqual([{ action: kind, actor_id: worker().id }])
  })

  test('a second application for one job is 409, also after the first was withdrawn', async () => {
    const jobId = await opened()
    const { id } = await applied(jobId)
    expect((await apply(jobId)).json()).toMatchObject(refused(409, 'ALREADY_APPLIED'))
    await withdraw(id)
    expect((await apply(jobId)).json()).toMatchObject(refused(409, 'ALREADY_APPLIED'))
  })

  test('a draft, a deleted job and one that nobody has are 404', async () => {
    const { id: draft } = await jobs.create(client, newJob())
    const deleted = await opened()
    await jobs.remove(client, deleted)
    for (const id of [draft, deleted, nobody]) {
      expect((await apply(id)).json()).toMatchObject(refused(404, 'JOB_NOT_FOUND'))
    }
  })

  test('a closed job is 409', async () => {
    const jobId = await opened()
    await jobs.close(client, jobId)
    expect((await apply(jobId)).json()).toMatchObject(refused(409, 'JOB_CLOSED'))
  })

  test('a client is refused, and a stranger is told to sign in', async () => {
    const jobId = await opened()
    expect((await apply(jobId, client)).json()).toMatchObject(refused(403, 'ROLE_REFUSED'))
    const stranger = await call('POST', `/v1/jobs/${jobId}/applications`, { body: letter })
    expect(stranger.json()).toMatchObject(refused(401, 'TOKEN_MISSING'))
  })

  test('a close waits for the application under way, and refuses the next one', async () => {
    const jobId = await opened()
    const [taken, closed] = await withClient(database.ownerUrl, async (owner) => {
      // Holds the application up at its event, when it has seen the job open already.
      await owner.query('BEGIN; LOCK TABLE outbox IN SHARE MODE')
      const waiting = async (count: number) => expect(await rows(blocked, database.name)).toHaveLength(count)
      const applying = apply(jobId)
      await vi.waitFor(() => waiting(1))
      const closing = call('DELETE', `/v1/jobs/${jobId}/publication`, { as: client })
      await vi.waitFor(() => waiting(2))
      await owner.query('COMMIT')
      return Promise.all([applying, closing])
    })
    expect([taken.statusCode, closed.statusCode]).toEqual([201, 200])
    expect((await apply(jobId, worker(1))).json()).toMatchObject(refused(409, 'JOB_CLOSED'))
  })
})

describe('seeing', () => {
  test('the client of a job and staff see who applied, a page at a time, the oldest first', async () => {
    const jobId = await opened()
    const sent = [await applied(jobId, 0), await applied(jobId, 1), await applied(jobId, 2)].map(({ id }) => id)
    for (const as of [client, staff]) {
      const first = (await get(`/v1/jobs/${jobId}/applications?limit=2`, as)).json()
      const rest = (await get(`/v1/jobs/${jobId}/applications?limit=2&cursor=${first.page.next}`, as)).json()
      expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(sent)
      expect(rest.page.next).toBeNull()
    }
  })

  test('the list is 404 to another client, and refused to workers', async () => {
    const url = `/v1/jobs/${await opened()}/applications`
    expect((await get(url, rival)).json()).toMatchObject(refused(404, 'JOB_NOT_FOUND'))
    expect((await get(url, worker())).json()).toMatchObject(refused(403, 'ROLE_REFUSED'))
  })

  test('a worker lists their own applications, and nobody else’s', async () => {
    const [mine] = [await applied(await opened(), 19), await applied(await opened(), 18)]
    const { data } = (await get('/v1/me/applications', worker(19))).json()
    expect(data.map(({ workerId }: Application) => workerId)).toEqual(data.map(() => worker(19).id))
    expect(data).toContainEqual(mine)
  })

  test('an application is there for its worker, the client and staff, and for nobody else', async () => {
    const { id } = await applied(await opened())
    const see = async (as: Person) => (await get(`/v1/applications/${id}`, as)).statusCode
    expect(await Promise.all([worker(), client, staff, rival, worker(1)].map(see))).toEqual([200, 200, 200, 404, 404])
    expect((await get(`/v1/applications/${nobody}`, staff)).json()).toMatchObject(refused(404, 'APPLICATION_NOT_FOUND'))
  })
})

describe('withdrawing', () => {
  test('a worker withdraws a submitted application, and the client will be told', async () => {
    const { id } = await applied(await opened())
    const answer = await withdraw(id)
    expect([answer.statusCode, answer.json().status]).toEqual([200, 'withdrawn'])
    const told = await rows('SELECT kind FROM outbox WHERE aggregate = $1 ORDER BY position', `application:${id}`)
    expect(told.map(({ kind }) => kind)).toEqual(['application.submitted', 'application.withdrawn'])
  })

  test('what was withdrawn, accepted or rejected is 409', async () => {
    const jobId = await opened()
    const [gone, chosen, other] = [await applied(jobId, 0), await applied(jobId, 1), await applied(jobId, 2)]
    await withdraw(gone.id)
    await accept(chosen.id)
    for (const [n, { id }] of [gone, chosen, other].entries()) {
      expect((await withdraw(id, worker(n))).json()).toMatchObject(refused(409, 'APPLICATION_SETTLED'))
    }
    expect(await statusesOf(jobId)).toEqual(['withdrawn', 'accepted', 'rejected'])
  })

  test('another worker’s application is 404', async () => {
    const { id } = await applied(await opened())
    expect((await withdraw(id, worker(1))).json()).toMatchObject(refused(404, 'APPLICATION_NOT_FOUND'))
    expect(await statusOf(id)).toBe('submitted')
  })
})

describe('accepting', () => {
  test('makes the contract, closes the job and rejects the others, with events and audit, in one transaction', async () => {
    const jobId = await opened()
    const [chosen, ...others] = [await applied(jobId, 0), await applied(jobId, 1), await applied(jobId, 2)]
    const answer = await accept(chosen?.id ?? '')
    const contract = answer.json()
    expect([answer.statusCode, answer.headers.location]).toEqual([201, `/v1/contracts/${contract.id}`])
    const terms = { applicationId: chosen?.id, clientId: client.id, workerId: worker().id, price: newJob().budget }
    expect(contract).toMatchObject({ jobId, status: 'accepted', ...terms })
    expect(await statusesOf(jobId)).toEqual(['accepted', 'rejected', 'rejected'])
    expect(await jobs.get(client, jobId)).toMatchObject({ status: 'closed' })
    expect((await rows(toldOf, jobId)).slice(3)).toEqual([
      { aggregate: `application:${chosen?.id}`, kind: 'application.accepted', contract: contract.id },
      ...others.map(({ id }) => ({ aggregate: `application:${id}`, kind: 'application.rejected', contract: null })),
    ])
    const [made, ...more] = await rows(
      'SELECT action, "before", "after" FROM audit_log WHERE id > (SELECT max(id) - 1 FROM audit_log)',
    )
    expect([made, ...more]).toEqual([
      {
        action: 'application.accepted',
        before: { plain: { status: 'submitted', jobStatus: 'open' } },
        after: {
          plain: {
            ...{ status: 'accepted', jobStatus: 'closed', contractId: contract.id, jobId, workerId: worker().id },
            ...newJob().budget,
          },
        },
      },
    ])
    const tables = ['contracts', 'applications', 'outbox', 'jobs', 'audit_log']
    const newest = tables.map((table) => `SELECT max(xmin::text::bigint) AS xid FROM ${table}`)
    expect(await rows(`SELECT DISTINCT xid FROM (${newest.join(' UNION ALL ')}) AS work`)).toHaveLength(1)
  })

  test('once more, a sibling, and one that was withdrawn are 409', async () => {
    const jobId = await opened()
    const [chosen, other] = [await applied(jobId, 0), await applied(jobId, 1)]
    const gone = await applied(await opened(), 2)
    await withdraw(gone.id, worker(2))
    expect((await accept(gone.id)).json()).toMatchObject(refused(409, 'APPLICATION_SETTLED'))
    expect((await accept(chosen.id)).statusCode).toBe(201)
    for (const { id } of [chosen, other]) expect((await accept(id)).json()).toMatchObject(refused(409, 'JOB_CLOSED'))
    expect(await contractsOf(jobId)).toHaveLength(1)
  })

  test('an application for a closed job is 409, and stays as it was', async () => {
    const jobId = await opened()
    const { id } = await applied(jobId)
    await jobs.close(client, jobId)
    expect((await accept(id)).json()).toMatchObject(refused(409, 'JOB_CLOSED'))
    expect(await statusOf(id)).toBe('submitted')
  })

  test('another client’s application is 404, and one that nobody sent; a worker is refused', async () => {
    const { id } = await applied(await opened())
    for (const answer of [await accept(id, { as: rival }), await accept(nobody)]) {
      expect(answer.json()).toMatchObject(refused(404, 'APPLICATION_NOT_FOUND'))
    }
    expect((await accept(id, { as: worker() })).json()).toMatchObject(refused(403, 'ROLE_REFUSED'))
    expect(await statusOf(id)).toBe('submitted')
  })

  test('twenty acceptances of twenty applications at once make one contract, and the others are 409', async () => {
    const jobId = await opened()
    const sent = await Promise.all(workers.map((_, n) => applied(jobId, n)))
    const answers = await Promise.all(sent.map(({ id }) => accept(id)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(19).fill(409)])
    const winner = answers.find(({ statusCode }) => statusCode === 201)?.json()
    expect(await contractsOf(jobId)).toMatchObject([{ id: winner.id, application_id: winner.applicationId }])
    expect((await statusesOf(jobId)).sort()).toEqual(['accepted', ...Array(19).fill('rejected')])
  })

  test('twenty acceptances under one key at once are one contract, and all get it', async () => {
    const jobId = await opened()
    const [{ id }, key] = [await applied(jobId), randomUUID()]
    const answers = await Promise.all(Array.from({ length: 20 }, () => accept(id, { key })))
    const [made] = await contractsOf(jobId)
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(20).fill(201))
    expect(answers.map((answer) => answer.json().id)).toEqual(Array(20).fill(made?.id))
    expect(await contractsOf(jobId)).toHaveLength(1)
  })
})
