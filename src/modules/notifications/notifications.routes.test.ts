import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import type { Notification } from './notifications.schemas.ts'

const { call, signUp, services, database } = await buildTestApp()
const { tell } = services.notifications
let client: Person
let worker: Person

beforeEach(async () => {
  ;[client, worker] = await Promise.all([signUp('client'), signUp('worker')])
})

const event = () => ({ id: randomUUID(), requestId: 'request-of-a-test' })
const facts = (jobTitle = 'Fix the harbour crane') => ({
  applicationId: randomUUID(),
  contractId: randomUUID(),
  jobId: randomUUID(),
  jobTitle,
  clientId: client.id,
  workerId: worker.id,
})
const ofContract = () => {
  const { applicationId: _, ...told } = facts()
  return told
}
/** How many mails will go to each of the people, of the notifications of an event. */
const mailed = (eventId: string) =>
  rows(
    `SELECT user_id FROM outbox JOIN notifications n ON n.id = (payload ->> 'notificationId')::uuid
     WHERE outbox.kind = 'mail.requested' AND n.event_id = $1`,
    eventId,
  )

async function list(as: Person, query = '') {
  const answer = await call('GET', `/v1/me/notifications${query}`, { as })
  return answer.json() as { data: Notification[]; page: { next: string | null } }
}

const read = (id: string, as: Person) => call('PUT', `/v1/me/notifications/${id}/read`, { as })

async function rows(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

test('a notification says what happened to whom it concerns', async () => {
  const told = facts()
  await tell(event(), 'application.submitted', told)
  expect((await list(client)).data).toMatchObject([
    {
      kind: 'application.submitted',
      text: 'Someone applied for "Fix the harbour crane".',
      jobId: told.jobId,
      readAt: null,
    },
  ])
  expect((await list(worker)).data).toEqual([])
})

test.each([
  ['application.submitted', 1, 0],
  ['application.withdrawn', 1, 0],
  ['application.rejected', 0, 1],
  ['application.accepted', 1, 1],
] as const)('%s tells the client %i times and the worker %i times', async (kind, toClient, toWorker) => {
  await tell(event(), kind, facts())
  expect((await list(client)).data).toHaveLength(toClient)
  expect((await list(worker)).data).toHaveLength(toWorker)
})

test.each([
  ['contract.funded', { client: 1, worker: 1 }, ['worker']],
  ['contract.funding-failed', { client: 1, worker: 0 }, ['client']],
  ['contract.delivered', { client: 1, worker: 0 }, ['client']],
  ['contract.approved', { client: 0, worker: 1 }, ['worker']],
  ['contract.released', { client: 1, worker: 1 }, ['worker']],
  ['contract.disputed', { client: 1, worker: 1 }, ['client', 'worker']],
  ['contract.resolved', { client: 1, worker: 1 }, ['client', 'worker']],
  ['contract.cancelled', { client: 1, worker: 1 }, ['client', 'worker']],
  ['contract.refunded', { client: 1, worker: 0 }, ['client']],
] as const)('%s tells %j, and mails %j', async (kind, told, byMail) => {
  const [happened, about] = [event(), ofContract()]
  await tell(happened, kind, about)
  const [toClient, toWorker] = [(await list(client)).data, (await list(worker)).data]
  expect({ client: toClient.length, worker: toWorker.length }).toEqual(told)
  for (const note of [...toClient, ...toWorker]) {
    const { jobId, contractId } = about
    expect(note).toMatchObject({ kind, jobId, contractId, paymentId: null })
    expect(note.text).toContain('"Fix the harbour crane"')
  }
  const people = byMail.map((who) => (who === 'client' ? client.id : worker.id))
  expect((await mailed(happened.id)).map(({ user_id }) => user_id).sort()).toEqual(people.sort())
})

test.each(['payout.paid', 'payout.failed'] as const)('%s tells and mails its user, and leads to it', async (kind) => {
  const [happened, paymentId] = [event(), randomUUID()]
  await tell(happened, kind, { paymentId, userId: worker.id })
  expect((await list(worker)).data).toMatchObject([{ kind, jobId: null, contractId: null, paymentId }])
  expect(await mailed(happened.id)).toEqual([{ user_id: worker.id }])
})

test.each(['review.given', 'review.answered'] as const)('%s tells who was reviewed, without a mail', async (kind) => {
  const happened = event()
  await tell(happened, kind, { ...ofContract(), subjectId: client.id })
  expect((await list(client)).data).toMatchObject([{ kind }])
  expect((await list(worker)).data).toEqual([])
  expect(await mailed(happened.id)).toEqual([])
})

test('what was told before contracts had a life of their own is still read', async () => {
  await rows(
    `INSERT INTO notifications (user_id, event_id, kind, data)
     VALUES ($1, uuidv7(), 'application.rejected', '{"text": "Old.", "jobId": "0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11"}')`,
    worker.id,
  )
  expect((await list(worker)).data).toMatchObject([{ text: 'Old.', contractId: null, paymentId: null }])
})

test('the list comes a page at a time, the newest first', async () => {
  for (const title of ['One', 'Two', 'Three']) await tell(event(), 'application.submitted', facts(title))
  const first = await list(client, '?limit=2')
  const rest = await list(client, `?limit=2&cursor=${first.page.next}`)
  expect([...first.data, ...rest.data].map(({ text }) => /"(.+)"/.exec(text)?.[1])).toEqual(['Three', 'Two', 'One'])
  expect(rest.page.next).toBeNull()
})

test('an event that is delivered twenty times at once tells each party once, by one mail', async () => {
  const [twice, told] = [event(), facts()]
  await Promise.all(Array.from({ length: 20 }, () => tell(twice, 'application.accepted', told)))
  await tell(twice, 'application.accepted', told)
  const notes = await rows('SELECT id, user_id FROM notifications WHERE event_id = $1', twice.id)
  expect(notes.map(({ user_id }) => user_id).sort()).toEqual([client.id, worker.id].sort())
  const mails = await rows(
    "SELECT payload, request_id FROM outbox WHERE kind = 'mail.requested' AND payload ->> 'notificationId' = ANY($1)",
    notes.map(({ id }) => id),
  )
  const notificationId = notes.find(({ user_id }) => user_id === worker.id)?.id
  expect(mails).toEqual([{ payload: { notificationId }, request_id: 'request-of-a-test' }])
})

test('reading a notification twice leaves the time of the first, and both answers are alike', async () => {
  await tell(event(), 'application.submitted', facts())
  const [note] = (await list(client)).data
  const first = await read(note?.id ?? '', client)
  expect(first.statusCode).toBe(200)
  expect(first.json()).toEqual({ ...note, readAt: expect.stringMatching(/Z$/) })
  const again = await read(note?.id ?? '', client)
  expect([again.statusCode, again.json()]).toEqual([200, first.json()])
  expect((await list(client)).data).toEqual([first.json()])
})

test('another’s notification, and one that nobody has, are 404 and stay unread', async () => {
  await tell(event(), 'application.submitted', facts())
  const [note] = (await list(client)).data
  for (const answer of [await read(note?.id ?? '', worker), await read(randomUUID(), client)]) {
    expect(answer.json()).toMatchObject({ status: 404, code: 'NOTIFICATION_NOT_FOUND' })
  }
  expect((await list(client)).data[0]?.readAt).toBeNull()
})

test('a stranger is told to sign in', async () => {
  expect((await call('GET', '/v1/me/notifications')).json()).toMatchObject({ status: 401, code: 'TOKEN_MISSING' })
})
