import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { openLetters } from '../../../test/letters.ts'
import { withClient } from '../../../tools/create-database.ts'
import { requestLetter } from './letters.service.ts'

const letters = await openLetters()
const app = await buildTestApp({ env: letters.env })
const { call, signUp, services, database, db } = app
const { to, catcher } = letters

async function rows(text: string, ...values: unknown[]): Promise<Record<string, string>[]> {
  return withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
}

/** The newest letter that was asked for. */
async function requested() {
  const [row] = await rows(
    "SELECT id, payload FROM outbox WHERE kind = 'letter.requested' ORDER BY position DESC LIMIT 1",
  )
  return { event: { id: row?.id ?? '', requestId: null }, payload: row?.payload as never }
}

test('what waits for the worker, and what is kept, has neither a token nor an address', async () => {
  const { email } = await signUp('worker')
  await letters.deliver(app)
  const token = letters.tokenOf(email, 'Confirm your address')
  expect(token).toHaveLength(43)
  const [kept] = await rows(
    'SELECT (SELECT json_agg(outbox) FROM outbox)::text || (SELECT json_agg(mail_links) FROM mail_links)::text AS all',
  )
  expect(kept?.all).not.toContain(token)
  expect(kept?.all).not.toContain('@')
})

test('a letter that is delivered again after it was recorded is not sent again', async () => {
  const { email } = await signUp('worker')
  const { event, payload } = await requested()
  for (let i = 0; i < 3; i++) await services.letters.send(event, payload)
  expect(to(email)).toHaveLength(1)
})

test('one that was sent but not recorded is sent again, with another link and another Message-ID: only the later link works', async () => {
  const { email } = await signUp('worker')
  const { event, payload } = await requested()
  await services.letters.send(event, payload)
  const first = letters.tokenOf(email, 'Confirm your address')
  await rows('DELETE FROM inbox WHERE event_id = $1', event.id)
  await services.letters.send(event, payload)
  const second = letters.tokenOf(email, 'Confirm your address')
  expect(new Set(to(email).map(({ messageId }) => messageId)).size).toBe(2)
  const verify = async (token: string) =>
    (await call('POST', '/v1/auth/email-verifications/redemption', { body: { token } })).statusCode
  expect([await verify(first), await verify(second)]).toEqual([400, 204])
})

test('a mail server that refuses leaves the letter to be sent later', async () => {
  const { email } = await signUp('worker')
  const { event, payload } = await requested()
  catcher.refuse(() => 'not now')
  await expect(services.letters.send(event, payload)).rejects.toThrow()
  catcher.refuse(undefined)
  await services.letters.send(event, payload)
  expect(to(email)).toHaveLength(1)
})

test('a letter whose link has ended is not sent', async () => {
  const { email, id } = await signUp('worker')
  await rows('UPDATE mail_links SET expires_at = now() WHERE user_id = $1', id)
  await letters.deliver(app)
  expect(to(email)).toEqual([])
})

test('nobody who is erased or not there gets one', async () => {
  const { email, id } = await signUp('worker')
  await letters.deliver(app)
  await rows('UPDATE users SET erased_at = now() WHERE id = $1', id)
  const before = catcher.messages().length
  for (const userId of [id, randomUUID()]) await requestLetter(db, { letter: 'new-device', userId })
  await letters.deliver(app)
  expect([catcher.messages().length, to(email)[0]?.subject]).toEqual([before, 'Confirm your address'])
})

test.each([
  ['password-changed', 'Your password was changed'],
  ['mfa-enabled', 'Your second factor is on'],
  ['mfa-disabled', 'Your second factor is off'],
  ['locked-out', 'Many failed sign-ins'],
  ['new-device', 'A sign-in from a new device'],
] as const)(
  '%s is told with its time, and without the name that a stranger may have chosen',
  async (letter, subject) => {
    const { email, id } = await signUp('worker')
    await requestLetter(db, { letter, userId: id })
    await letters.deliver(app)
    const mail = to(email).find((one) => one.subject === subject)
    expect(mail?.text).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/)
    expect(mail?.text).not.toContain('A worker')
  },
)
