// What no variable can be held to by itself: the rules of production, and those between several.
import type { TSchema } from 'typebox'
import { isOfAnExample, leadsNowhere } from './environment.contact.schemas.ts'
import { wordsOf } from './environment.edge.schemas.ts'
import { Environment } from './environment.schemas.ts'
import { sentinelPasswordOf } from './lib/redis-sentinel.ts'
import { secretWeakness } from './lib/secrets.ts'

type Values = Record<string, unknown>
type Secret = TSchema & { secret?: 'value' | 'password' }

export function unfitForProduction(values: Values): string[] {
  const anyOrigin = wordsOf(String(values.CORS_ORIGINS)).includes('*')
    ? ['CORS_ORIGINS may not be * in production: list the origins']
    : []
  const weak = Object.entries<Secret>(Environment.properties).flatMap(([name, { secret }]) => {
    const value = values[name]
    if (!secret || typeof value !== 'string') return []
    if (secret === 'value') return weakness(name, value, 32)
    const password = decodeURIComponent(new URL(value).password)
    const ofSentinels = sentinelPasswordOf(value)
    return [
      ...(password === '' ? [`${name} has no password`] : weakness(`The password in ${name}`, password, 16)),
      ...(ofSentinels === undefined ? [] : weakness(`The sentinelPassword in ${name}`, ofSentinels, 16)),
    ]
  })
  const inClear = ['EXTERNAL_ISSUER', 'EXTERNAL_JWKS_URL', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', 'PAYMENTS_URL'].flatMap(
    (name) =>
      String(values[name] ?? 'https:').startsWith('https:') ? [] : [`${name} has to start with https:// in production`],
  )
  const store = URL.parse(String(values.UPLOADS_URL ?? ''))?.searchParams.get('endpoint') ?? 'https:'
  if (!store.startsWith('https:'))
    inClear.push('UPLOADS_URL has to name an endpoint that starts with https:// in production')
  const contact = String(values.SECURITY_CONTACT ?? '')
  // Nobody but who tries it on a machine of their own reads what that one publishes.
  const isPublic = !/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(String(values.PUBLIC_URL))
  const nobody =
    isOfAnExample(contact) || (isPublic && leadsNowhere(contact))
      ? ['SECURITY_CONTACT is that of an example, which nobody reads: name your own']
      : []
  return [...anyOrigin, ...nobody, ...inClear, ...weak]
}

/** An issuer without its audience would let in whoever has a token of it for anything else. */
export function halfExternal(values: Values): string[] {
  const names = ['EXTERNAL_ISSUER', 'EXTERNAL_AUDIENCE', 'EXTERNAL_JWKS_URL']
  const missing = names.filter((name) => values[name] === undefined)
  if (values.EXTERNAL_ISSUER && values.EXTERNAL_ISSUER === String(values.PUBLIC_URL).replace(/\/+$/, ''))
    return ['EXTERNAL_ISSUER is PUBLIC_URL, the issuer of our own tokens']
  return missing.length % names.length === 0
    ? []
    : missing.map((name) => `${name} is missing beside the other EXTERNAL_*`)
}

function weakness(what: string, secret: string, minLength: number): string[] {
  const why = secretWeakness(secret, minLength)
  return why ? [`${what} ${why}: make a new one`] : []
}
