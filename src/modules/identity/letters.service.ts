// Mails about someone's account. Whoever needs one asks for it in the transaction of what it is about; the worker writes and sends it.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Database, Tx } from '../../db/client.ts'
import { handleOnce, wasHandled } from '../../db/inbox.ts'
import { outbox } from '../../db/outbox.ts'
import type { Seen } from '../../lib/actor.ts'
import type { EventPayload } from '../../lib/events.schemas.ts'
import type { Mail, Mailer } from '../../lib/mailer.ts'
import { findUser } from './identity.repository.ts'
import { armLink, findLink, type LinkKind, type LinkRow } from './links.repository.ts'

/** `appUrl`: where people's pages are. Links come from there and never from a request, whose Host a stranger may choose. */
type Deps = { db: Database; mailer: Mailer; appUrl: string }
type Requested = EventPayload<'letter.requested'>
type Letter = Requested['letter']
type Event = { id: string; requestId: string | null }
/** What a letter says. People's names are left out: whoever registers another's address would choose a text that we send there. */
type Words = { subject: string; text: (facts: { at: string; link: string; until: string; appUrl: string }) => string }

const notYou = 'If you did not ask for it, you need not do anything.'
const defend = (appUrl: string) =>
  `If it was not you, choose a new password and end your other sessions now: ${appUrl}/`

const words: Record<Letter, Words> = {
  'magic-link': {
    subject: 'Your link to sign in',
    text: ({ link, until }) => `Sign in by this link. It works once, until ${until}.\n\n${link}\n\n${notYou}`,
  },
  'password-reset': {
    subject: 'Choose a new password',
    text: ({ link, until }) =>
      `Choose a new password here. The link works once, until ${until}.\n\n${link}\n\n${notYou}`,
  },
  'email-verification': {
    subject: 'Confirm your address',
    text: ({ link, until }) =>
      `Confirm that this address is yours. The link works once, until ${until}.\n\n${link}\n\nIf you have no account with us, you need not do anything.`,
  },
  'email-change': {
    subject: 'Confirm your new address',
    text: ({ link, until }) =>
      `Confirm this as the new address of your account. The link works once, until ${until}.\n\n${link}\n\n${notYou}`,
  },
  'email-changed': {
    subject: 'Your account has a new address',
    text: ({ at }) =>
      `Your account has had another e-mail address since ${at}, and mails go there from now on. If it was not you, tell our support team at once.`,
  },
  'password-changed': {
    subject: 'Your password was changed',
    text: ({ at, appUrl }) => `The password of your account was changed at ${at}. ${defend(appUrl)}`,
  },
  'mfa-enabled': {
    subject: 'Your second factor is on',
    text: ({ at, appUrl }) =>
      `Since ${at} signing in to your account takes a code of your authenticator too. ${defend(appUrl)}`,
  },
  'mfa-disabled': {
    subject: 'Your second factor is off',
    text: ({ at, appUrl }) =>
      `Since ${at} signing in to your account takes no code of your authenticator any more. ${defend(appUrl)}`,
  },
  'locked-out': {
    subject: 'Many failed sign-ins',
    text: ({ at, appUrl }) =>
      `Someone has failed many times to sign in to your account, the last time at ${at}. Signing in to it is slowed down for a while. ${defend(appUrl)}`,
  },
  'new-device': {
    subject: 'A sign-in from a new device',
    text: ({ at, appUrl }) => `Someone signed in to your account from a new device at ${at}. ${defend(appUrl)}`,
  },
}

const linked: readonly string[] = ['magic-link', 'password-reset', 'email-verification', 'email-change']
const hasLink = (letter: Letter): letter is LinkKind => linked.includes(letter)

/** Asks for a letter to a user; `linkId` is the link that it carries, or the change of address that it tells of. */
export async function requestLetter(
  tx: Tx,
  { letter, userId, linkId }: Pick<Requested, 'letter' | 'userId' | 'linkId'>,
  { requestId }: Pick<Seen, 'requestId'> = {},
): Promise<void> {
  const payload = { letter, userId, ...(linkId && { linkId }), at: new Date().toISOString() }
  await outbox(tx, 'letter.requested', `letter:${randomUUID()}`, payload, { requestId })
}

/** 256 random bits need no slow hash. */
export const hashOf = (token: string) => createHash('sha256').update(token).digest()

export type LettersService = ReturnType<typeof createLettersService>

export function createLettersService({ db, mailer, appUrl }: Deps) {
  return { send }

  /**
   * Sends a letter, then records it. The token of a link is made here and its hash stored before the mail goes out, so a clear one is
   * nowhere at rest. A process that is killed between sending and recording sends again, with a new token: the older link is dead then.
   */
  async function send(event: Event, requested: Requested): Promise<void> {
    const mail = (await wasHandled(db, 'letters', event.id)) ? undefined : await write(event, requested)
    if (mail) await mailer.send(mail)
    await handleOnce(db, 'letters', event.id, async () => {})
  }

  /** Undefined when nobody is to get it: the account is gone, or the link was replaced, has ended, or never was. */
  async function write(event: Event, { letter, userId, linkId = '', at }: Requested): Promise<Mail | undefined> {
    const user = await findUser(db, userId)
    if (!user || user.erasedAt || (user.blockedAt && hasLink(letter))) return undefined
    const { subject, text } = words[letter]
    const facts = { at: minuteOf(at), link: '', until: '', appUrl }
    const told = { id: event.id, subject, to: user.email }
    if (!hasLink(letter)) {
      const to = letter === 'email-changed' ? (await findLink(db, linkId))?.oldEmail : user.email
      return to ? { ...told, to, text: `Hello,\n\n${text(facts)}\n` } : undefined
    }
    const token = randomBytes(32).toString('base64url')
    const row = await armLink(db, linkId, hashOf(token))
    if (!row) return undefined
    // In the fragment, which browsers send to no server: neither access logs nor a Referer have it.
    const link = `${appUrl}/${letter}#token=${token}`
    // A repetition has another Message-ID, because its link is another: receivers drop the second mail of an id that they know.
    const id = `${event.id}.${randomUUID()}`
    return {
      ...told,
      id,
      to: addressOf(row, user.email),
      text: `Hello,\n\n${text({ ...facts, link, until: minuteOf(row.expiresAt) })}\n`,
    }
  }
}

const addressOf = ({ newEmail }: LinkRow, email: string) => newEmail ?? email
const minuteOf = (instant: string) => `${instant.slice(0, 16).replace('T', ' ')} UTC`
