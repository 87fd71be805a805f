// SEC-10: links that sign in. SEC-35: every secret that whoever has it is let in by: how long it is, and that it is nowhere in clear.
import { createHash, randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { confirmation, enrol, logIn, magicLink, mailedToken, redeem, tokensTo, told } from './mail-scene.ts'
import { formsOf, placesWith } from './security-clear-text.ts'

const isInvalid = (answer: Answer) => answer.status === 400 && answer.text.includes('"LINK_INVALID"')
/** 32 bytes in Base64url. */
const is256Bits = (token: string) => /^[A-Za-z0-9_-]{43}$/.test(token)

export async function magicLinksWorkOnce(context: Context): Promise<Evidence> {
  const { api, sql } = context
  const [person, call] = [await api.as('worker'), api.anonymous]
  const link = () => mailedToken(context, call, person.email)
  const used = await link()
  if (!is256Bits(used)) red('token-too-short', String(used.length))
  const hash = createHash('sha256').update(used).digest()
  const rows = await sql.owner<{ seconds: number }>(
    'SELECT extract(epoch FROM expires_at - created_at)::float8 AS seconds FROM mail_links WHERE hash = $1',
    [hash],
  )
  if (rows.length !== 1) red('not-kept-as-hash')
  if (Number(rows[0]?.seconds) > 900) red('lives-too-long', String(rows[0]?.seconds))
  const first = await redeem(call, used)
  if (first.status !== 200) red('good-link-refused', told(first))
  const second = await redeem(call, used)
  if (!isInvalid(second)) red('used-twice', told(second))

  const racing = await link()
  const atOnce = await Promise.all(Array.from({ length: 8 }, () => redeem(call, racing)))
  const winners = atOnce.filter(({ status }) => status === 200).length
  if (winners !== 1) red('used-twice-at-once', `${winners} of 8`)

  const late = await link()
  await sql.owner("UPDATE mail_links SET expires_at = now() - interval '1 second' WHERE user_id = $1", [person.id])
  const expired = await redeem(call, late)
  if (!isInvalid(expired)) red('expired-taken', told(expired))
  const [older, newer] = [await link(), await link()]
  if (!isInvalid(await redeem(call, older))) red('replaced-link-taken')
  if ((await redeem(call, newer)).status !== 200) red('good-link-refused')

  const ask = (email: string) => call('POST', `/v1/auth/${magicLink.kind}`, { body: { email } })
  const [known, unknown] = [await ask(person.email), await ask(`nobody-${randomUUID()}@example.com`)]
  if (known.status !== unknown.status || known.text !== unknown.text) red('account-told', told(unknown))
  return { bits: 256, kept: 'SHA-256', seconds: Number(rows[0]?.seconds), atOnce: `${winners} of ${atOnce.length}` }
}

/** Sessions renewed again and again, mails to new people, and the recovery codes of two. */
export async function secretsAreLongAndHashed(context: Context): Promise<Evidence> {
  const { api, sql, logs, mail, until } = context
  const people = await Promise.all(['client', 'worker', 'client'].map((role) => api.as(role as 'client')))
  const [person, second, third] = people as [(typeof people)[0], (typeof people)[0], (typeof people)[0]]
  const refreshTokens: string[] = []
  let answer = await logIn(api.anonymous, person)
  for (let i = 0; i < 12; i++) {
    const { refreshToken } = answer.json<{ refreshToken: string }>()
    refreshTokens.push(refreshToken)
    answer = await api.anonymous('POST', '/v1/auth/refresh', { body: { refreshToken } })
    if (answer.status !== 200) red('cannot-renew', told(answer))
  }
  const links: string[] = [await mailedToken(context, api.anonymous, second.email)]
  for (const { email } of people)
    links.push(...(await until('no-mail', () => some(tokensTo(mail, email, confirmation)), { within: 20_000 })))
  const reset = { kind: 'password-resets', subject: 'Choose a new password' } as const
  links.push(await mailedToken(context, api.anonymous, third.email, reset))
  const [{ recoveryCodes }, other] = [await enrol(second), await enrol(third)]
  const codes = [...recoveryCodes, ...other.recoveryCodes]

  for (const [what, secrets, least] of [
    ['refresh tokens', refreshTokens, 256],
    ['links', links, 256],
    ['recovery codes', codes.map((code) => code.replaceAll('-', '')), 80],
  ] as const)
    if (bitsOf(secrets) < least) red('too-few-bits', `${what}: ${Math.floor(bitsOf(secrets))}`)

  for (const token of [...refreshTokens, ...links]) {
    const hash = createHash('sha256').update(token).digest()
    const kept = await sql.owner(
      'SELECT FROM refresh_tokens WHERE hash = $1 UNION ALL SELECT FROM mail_links WHERE hash = $1',
      [hash],
    )
    if (kept.length === 1) continue
    await inClear(context, token)
    red('not-kept-as-hash')
  }
  const secrets = [...refreshTokens, ...links, ...codes]
  const said = logs.said()
  if (secrets.some((secret) => said.includes(secret))) red('secret-logged')
  await inClear(context, ...secrets)
  return { refreshTokens: refreshTokens.length, links: links.length, recoveryCodes: codes.length, inClear: 0 }
}

const some = <T>(list: T[]) => list.length > 0 && list

/** Red where one of them is found; for those that are Base64url, by their bytes too. */
async function inClear(context: Context, ...secrets: string[]): Promise<void> {
  const forms = secrets.flatMap((secret) => [
    ...formsOf(secret),
    ...formsOf(secret.replaceAll('-', '')),
    ...(is256Bits(secret) ? formsOf(Buffer.from(secret, 'base64url')) : []),
  ])
  const places = await placesWith(context, forms)
  if (places.length > 0) red('secret-in-clear', places.join())
}

/** At most what the length and the characters allow: a place that is the same in all of a sample counts for nothing. */
function bitsOf(secrets: readonly string[]): number {
  if (new Set(secrets).size < secrets.length) return 0
  const length = Math.min(...secrets.map((secret) => secret.length))
  const varies = (at: number) => new Set(secrets.map((secret) => secret[at])).size > 1
  const places = Array.from({ length }, (_, at) => at).filter(varies).length
  const seen = new Set(secrets.join('')).size
  // A sample may lack a character or two of its alphabet.
  return places * Math.log2(seen > 58 ? 64 : seen)
}
