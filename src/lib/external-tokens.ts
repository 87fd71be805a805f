// Access tokens of another issuer, verified by the keys that it publishes. While it is away its known keys go on, and a token of a key
// that is not known is refused; nobody waits for it longer than `patience`.
import { createRemoteJWKSet, customFetch, type FetchImplementation, jwtVerify } from 'jose'
import { type Run, unguarded } from './outside.ts'

export type ExternalTokens = ReturnType<typeof createExternalTokens>

type Options = {
  issuer: string
  audience: string
  jwksUrl: string
  /** Seconds by which clocks may differ. */
  clockTolerance: number
  run?: Run
}

/** Milliseconds. */
const patience = 2000
const keptFor = 600_000
const cooldown = 30_000
/** After a failure, so that requests don't queue up in front of an issuer that is away. */
const rest = 1000

export function createExternalTokens({ issuer, audience, jwksUrl, clockTolerance, run = unguarded }: Options) {
  let asksAgainAt = 0
  let renewsAt = 0
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: patience,
    cooldownDuration: cooldown,
    // An expired set would be waited for, and nobody let in while it can't be had: it is renewed beside the requests instead.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: ask,
  })

  return { issuer, subjectOf }

  /** The `sub` of a token. Rejects when it is not one of the issuer, not for us, or not of this time. */
  async function subjectOf(token: string): Promise<string> {
    renew()
    const { payload } = await jwtVerify(token, keys, {
      // What issuers sign with, and asymmetric all of it. A type is not asked for: few write the one of RFC 9068.
      algorithms: ['EdDSA', 'ES256', 'RS256'],
      issuer,
      audience,
      clockTolerance,
      requiredClaims: ['sub', 'exp'],
    })
    if (!payload.sub) throw new Error('The token is of nobody')
    return payload.sub
  }

  /** A key that the issuer took back must not be good for ever. */
  function renew(): void {
    if (!keys.jwks() || Date.now() < renewsAt) return
    renewsAt = Date.now() + cooldown
    keys.reload().catch(() => {})
  }

  async function ask(...[url, options]: Parameters<FetchImplementation>): Promise<Response> {
    if (Date.now() < asksAgainAt) throw new Error('The keys of the issuer could not be had just now')
    try {
      const text = await run(() => fetchKeys(url, options))
      renewsAt = Date.now() + keptFor
      return new Response(text)
    } catch (error) {
      asksAgainAt = Date.now() + rest
      throw error
    }
  }
}

async function fetchKeys(...[url, options]: Parameters<FetchImplementation>): Promise<string> {
  const answer = await fetch(url, options)
  // The time limit holds for the body too.
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`The keys of the issuer: ${answer.status}`)
  JSON.parse(text)
  return text
}
