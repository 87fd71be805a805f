// SEC-09: a second factor that is asked for, and each of whose codes works once. SEC-41: its seeds, which a copy of the database has only sealed.
import { randomBytes } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { bytesOf, codeOf, enrol, logIn, mailedToken, redeem, told, wrongCode } from './mail-scene.ts'
import { formsOf, placesWith } from './security-clear-text.ts'

const says = (answer: Answer, code: string) => answer.status === 401 && answer.text.includes(`"${code}"`)

export async function secondFactorIsAskedAndUsedOnce(context: Context): Promise<Evidence> {
  const { api, sql } = context
  const [person, call] = [await api.as('client'), api.anonymous]
  const signIn = (code?: string) => logIn(call, person, code)
  const { secret, recoveryCodes } = await enrol(person)
  if (recoveryCodes.length !== 10) red('recovery-codes-wrong', String(recoveryCodes.length))

  const without = await signIn()
  if (!says(without, 'MFA_REQUIRED')) red('code-not-asked', told(without))
  const early = await logIn(call, { ...person, password: 'not the password' })
  if (!says(early, 'CREDENTIALS_WRONG')) red('told-before-password', told(early))
  const wrong = await signIn(wrongCode(secret))
  if (!says(wrong, 'MFA_WRONG')) red('wrong-code-taken', told(wrong))

  const code = codeOf(secret, 1)
  const right = await signIn(code)
  if (right.status !== 200) red('right-code-refused', told(right))
  const again = await signIn(code)
  if (!says(again, 'MFA_WRONG')) red('code-taken-twice', told(again))
  // As if some time had gone by.
  await sql.owner('UPDATE totp SET last_step = 0 WHERE user_id = $1', [person.id])
  const current = codeOf(secret)
  const atOnce = await Promise.all([1, 2, 3].map(() => signIn(current)))
  const taken = atOnce.filter(({ status }) => status === 200).length
  if (taken !== 1) red('code-taken-at-once', `${taken} of 3`)

  const [first = '', second = ''] = recoveryCodes
  const helped = await signIn(first)
  if (helped.status !== 200) red('recovery-code-refused', told(helped))
  const twice = await signIn(first)
  if (!says(twice, 'MFA_WRONG')) red('recovery-code-taken-twice', told(twice))

  const aside = await redeem(call, await mailedToken(context, call, person.email))
  if (!says(aside, 'MFA_REQUIRED')) red('link-steps-around-it', told(aside))
  const stopped = await person.call('DELETE', '/v1/me/mfa', { body: { code: second } })
  if (stopped.status !== 204) red('cannot-be-turned-off', told(stopped))
  const after = await signIn()
  if (after.status !== 200) red('still-asked', told(after))
  return { codesAtOnce: '1 of 3', recoveryCodes: recoveryCodes.length, usedAgain: 'refused', magicLink: 'asks too' }
}

export async function seedsAreSealed(context: Context): Promise<Evidence> {
  const { api, sql, env, startApi, apiAt } = context
  const [person, other] = await Promise.all([api.as('client'), api.as('worker')])
  const [{ secret }] = await Promise.all([enrol(person), enrol(other)])
  const places = await placesWith(context, [...formsOf(secret), ...formsOf(bytesOf(secret))])
  if (places.length > 0) red('seed-in-clear', places.join())
  const seedOf = async ({ id }: Person) => {
    const [row] = await sql.owner<{ seed: string }>('SELECT sealed_seed AS seed FROM totp WHERE user_id = $1', [id])
    return row?.seed ?? ''
  }
  const put = ({ id }: Person, seed: string) =>
    sql.owner('UPDATE totp SET sealed_seed = $2, last_step = 0 WHERE user_id = $1', [id, seed])
  const [seed, seedOfOther] = [await seedOf(person), await seedOf(other)]

  await put(other, seed)
  const moved = await logIn(api.anonymous, other, codeOf(secret))
  if (moved.status === 200) red('opened-in-another-row')
  await put(other, seedOfOther)

  const current = String(env.ENCRYPTION_KEYS)
  const fresh = randomBytes(32).toString('base64')
  const [stranger, rotated] = await Promise.all([
    startApi({ ENCRYPTION_KEYS: `${current.split(':')[0]}:${fresh}` }),
    startApi({ ENCRYPTION_KEYS: `next:${fresh},${current}` }),
  ])
  const signInAt = async (url: string) => {
    await put(person, seed)
    return logIn(apiAt(url).anonymous, person, codeOf(secret))
  }
  const refused = await signInAt(stranger.url)
  if (refused.status === 200) red('opened-by-another-key')
  const opened = await signInAt(rotated.url)
  if (opened.status !== 200) red('old-not-opened', told(opened))
  const newcomer = await apiAt(rotated.url).as('client')
  await enrol(newcomer)
  if (!(await seedOf(newcomer)).startsWith('next.')) red('new-key-not-used')
  const here = await signInAt(api.url)
  if (here.status !== 200) red('not-opened', told(here))
  return { inAnotherRow: moved.status, byAnotherKey: refused.status, byRotatedKeys: opened.status }
}
