import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { withClient } from '../../../tools/create-database.ts'
import { openMailCatcher } from '../../../tools/mail-catcher.ts'

const mail = await openMailCatcher()
const { services, signUp, database } = await buildTestApp({ env: { SMTP_URL: mail.smtpUrl } })
const { digests } = services
const sql = (text: string, values: unknown[] = []) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)

beforeEach(() => sql("DELETE FROM notifications; DELETE FROM outbox WHERE kind = 'digest.requested'"))

/** A notification that is so many hours old. */
async function tell({ id }: Person, text: string, hours: number, changes = '') {
  await sql(
    `INSERT INTO notifications (user_id, event_id, kind, data, created_at)
     VALUES ($1, $2, 'application.submitted', $3, now() - make_interval(hours => $4))`,
    [id, randomUUID(), { text }, hours],
  )
  if (changes) await sql(`UPDATE notifications SET ${changes} WHERE data ->> 'text' = $1`, [text])
}

const mailsTo = ({ email }: Person) => mail.messages().filter(({ To }) => To.some(({ Address }) => Address === email))

const asked = () =>
  sql("SELECT id, payload FROM outbox WHERE kind = 'digest.requested' AND handled_at IS NULL ORDER BY position")
const mailed = async () =>
  sql("SELECT data ->> 'text' AS text FROM notifications WHERE mailed_at IS NOT NULL ORDER BY 1")

test('one mail tells what waits for a day, and not what was read, was mailed, or is fresh', async () => {
  const person = await signUp('client')
  await tell(person, 'first', 50)
  await tell(person, 'second', 25)
  await tell(person, 'fresh', 1)
  await tell(person, 'was read', 30, 'read_at = now()')
  await tell(person, 'was mailed', 30, 'mailed_at = now()')
  expect(await digests.request()).toBe(1)
  expect(await digests.request()).toBe(0)

  const [event] = await asked()
  await digests.mail({ id: event?.id, requestId: null }, event?.payload)
  const [letter] = mailsTo(person)
  expect(letter?.Text).toMatch(/- first\s+- second/)
  expect(letter?.Text).not.toMatch(/fresh|was read|was mailed/)
  expect((await mailed()).map(({ text }) => text)).toEqual(['first', 'second', 'was mailed'])
  // A repetition sends nothing, and the next day there is nothing left to tell.
  await digests.mail({ id: event?.id, requestId: null }, event?.payload)
  expect(mailsTo(person)).toHaveLength(1)
  expect(await digests.request()).toBe(0)
})

test('what was read before the mail is sent is no mail, nor is what is of someone who is blocked or gone', async () => {
  const [reader, blocked] = await Promise.all([signUp('client'), signUp('worker')])
  await tell(reader, 'soon read', 30)
  await tell(blocked, 'of the blocked', 30)
  await sql('UPDATE users SET blocked_at = now() WHERE id = $1', [blocked.id])
  expect(await digests.request()).toBe(1)
  await sql('UPDATE notifications SET read_at = now()')
  const [event] = await asked()
  await digests.mail({ id: event?.id, requestId: null }, event?.payload)
  expect(mailsTo(reader)).toHaveLength(0)
  expect(await asked()).toEqual([])
})

test('a mail that can not be sent leaves all of it waiting', async () => {
  const person = await signUp('client')
  await tell(person, 'still there', 30)
  await digests.request()
  const [event] = await asked()
  await mail.close()
  await expect(digests.mail({ id: event?.id, requestId: null }, event?.payload)).rejects.toThrow()
  expect(await mailed()).toEqual([])
  expect(await asked()).toHaveLength(1)
})
