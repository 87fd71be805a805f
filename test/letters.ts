// The mails of a test: a catcher, and what the worker would do about the letters that were asked for.
import { afterAll } from 'vitest'
import type { Services } from '../src/services.ts'
import { withClient } from '../tools/create-database.ts'
import { openMailCatcher } from '../tools/mail-catcher.ts'

export type Parts = { database: { ownerUrl: string }; services: Pick<Services, 'letters'> }

/** Open before the app, which needs `env`. Closed after the tests of the file. */
export async function openLetters() {
  const catcher = await openMailCatcher()
  afterAll(() => catcher.close())
  const env = { SMTP_URL: catcher.smtpUrl }

  return { env, catcher, deliver, to, tokenOf }

  /** Sends the letters that were asked for and not sent yet, in their order. */
  async function deliver({ database, services }: Parts): Promise<void> {
    const { rows } = await withClient(database.ownerUrl, (owner) =>
      owner.query(`SELECT id, request_id AS "requestId", payload FROM outbox
        WHERE kind = 'letter.requested' AND handled_at IS NULL ORDER BY position`),
    )
    for (const { payload, ...event } of rows) await services.letters.send(event, payload)
  }

  /** The texts to an address, the newest first. */
  function to(email: string): { subject: string; text: string; messageId: string }[] {
    const theirs = catcher.messages().filter(({ Recipients }) => Recipients.includes(email))
    return theirs.map(({ Subject, Text, MessageID }) => ({ subject: Subject, text: Text, messageId: MessageID }))
  }

  /** The token in the newest mail to an address with that subject. */
  function tokenOf(email: string, subject: string): string {
    const mail = to(email).find((one) => one.subject === subject)
    return /#token=([A-Za-z0-9_-]{43})\s/.exec(mail?.text ?? '')?.[1] ?? `no mail "${subject}" to ${email}`
  }
}
