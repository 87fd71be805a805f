// What probes do with mails: find those to a person, and follow the link in one.
import { createHmac } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { red } from '../control.ts'

type Mails = Pick<Context['mail'], 'messages'>
export type Link = { kind: 'magic-links' | 'password-resets'; subject: string }

export const magicLink: Link = { kind: 'magic-links', subject: 'Your link to sign in' }
export const confirmation = 'Confirm your address'

/** Mails to an address, the newest first, without the one that everybody gets who registers. */
export const mailsTo = (mail: Mails, email: string) =>
  mail.messages().filter(({ Recipients, Subject }) => Recipients.includes(email) && Subject !== confirmation)

/** The tokens in the mails with that subject to an address, the newest first. */
export function tokensTo(mail: Mails, email: string, subject: string): string[] {
  const mails = mail.messages().filter(({ Recipients, Subject }) => Recipients.includes(email) && Subject === subject)
  return mails.flatMap(({ Text }) => /#token=([^\s]+)/.exec(Text)?.[1] ?? [])
}

/** Waits for the mail that everybody gets who registers, so that it is not among what is looked at. */
export const isConfirmed = ({ mail, until }: Pick<Context, 'mail' | 'until'>, people: readonly Person[]) =>
  until('no-confirmation', () => people.every(({ email }) => tokensTo(mail, email, confirmation).length > 0), {
    within: 20_000,
  })

/** Asks for a link and waits for its mail; answers the token. */
export async function mailedToken(
  { mail, until }: Context,
  call: Call,
  email: string,
  link = magicLink,
): Promise<string> {
  const before = tokensTo(mail, email, link.subject).length
  const asked = await call('POST', `/v1/auth/${link.kind}`, { body: { email } })
  if (asked.status !== 202) red('cannot-ask', told(asked))
  const mailed = () => tokensTo(mail, email, link.subject).length > before && tokensTo(mail, email, link.subject)[0]
  return until('no-mail', mailed, { within: 20_000 })
}

export const redeem = (call: Call, token: string, code?: string) =>
  call('POST', '/v1/auth/magic-links/redemption', { body: { token, ...(code && { code }) } })

export const logIn = (call: Call, { email, password }: Person, code?: string) =>
  call('POST', '/v1/auth/login', { body: { email, password, ...(code && { code }) } })

/** Turns a second factor on. */
export async function enrol({ call, password }: Person): Promise<{ secret: string; recoveryCodes: string[] }> {
  const started = await call('POST', '/v1/me/mfa', { body: { password } })
  if (started.status !== 200) red('cannot-enrol', told(started))
  const { secret } = started.json<{ secret: string }>()
  const confirmed = await call('POST', '/v1/me/mfa/confirmation', { body: { code: codeOf(secret) } })
  if (confirmed.status !== 200) red('cannot-enrol', told(confirmed))
  return { secret, recoveryCodes: confirmed.json<{ recoveryCodes: string[] }>().recoveryCodes }
}

export const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 300)}`

/** The code of RFC 6238 (SHA-1, 6 digits, 30 s) so many steps from now. */
export function codeOf(secret: string, steps = 0): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const hash = createHmac('sha1', bytesOf(secret)).update(counter).digest()
  const at = (hash[19] ?? 0) & 15
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export const wrongCode = (secret: string) => String((Number(codeOf(secret, 9)) + 1) % 1_000_000).padStart(6, '0')

/** Base32 (RFC 4648). */
export function bytesOf(secret: string): Buffer {
  const bits = [...secret].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
