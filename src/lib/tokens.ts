// Access tokens: EdDSA (RFC 8037), `typ` at+jwt and the claims of RFC 9068, checked as RFC 8725 asks.
import { hash, randomUUID } from 'node:crypto'
import { decodeJwt, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { type Actor, roles, tiers } from './actor.ts'
import { settled } from './settled.ts'
import { readSigningKeys, type SigningKey } from './signing-keys.ts'

export type Tokens = Awaited<ReturnType<typeof createTokens>>

type Options = {
  /** Ed25519 private keys in PEM: one signs, all verify and are published. */
  signingKey: string
  issuer: string
  audience: string
  /** Milliseconds that a token lives. */
  lifetime: number
  /** Milliseconds for which a new key only verifies, until every process has it. */
  settle?: number
  /** Another issuer whose tokens count too, and what answers whom one of them speaks for. */
  external?: { issuer: string; verify: (token: string) => Promise<Actor> } | undefined
}

/** Seconds by which clocks may differ. */
export const clockTolerance = 5
/** Ours have some 600 characters. A header with one is bounded by Node already, at 16 KB for all of a request's fields. */
const longest = 4096
const remembered = 10_000

/** Throws when a key is of another kind. */
export async function createTokens(options: Options) {
  const { issuer, audience, lifetime, settle = 0, external } = options
  const expiresIn = Math.floor(lifetime / 1000)
  let keys = await readSigningKeys(options.signingKey)
  // By SHA-256 of the token: nobody finds tokens in a dump of the memory of it. Whether its session was ended is asked after this.
  const known = new LRUCache<string, { actor: Actor; until: number }>({ max: remembered })

  return { sign, verify, use, jwks: () => ({ keys: keys.map(({ jwk }) => jwk) }), expiresIn }

  /**
   * Other keys from now on; false where they are the same. Tokens of those that are gone count no longer. Throws, and keeps what there
   * is, when one is none.
   */
  async function use(signingKey: string): Promise<boolean> {
    const fresh = await readSigningKeys(signingKey)
    if (namesOf(fresh) === namesOf(keys)) return false
    keys = fresh
    known.clear()
    return true
  }

  async function sign({ id, role, tier = 'standard', sessionId }: Actor): Promise<string> {
    if (!sessionId) throw new Error('An access token belongs to a session')
    const { kid, privateKey } = settled(keys, settle)
    return new SignJWT({ role, tier, sid: sessionId, client_id: audience })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(id)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${expiresIn}s`)
      .sign(privateKey)
  }

  /** Who a token speaks for. Throws when it is not one of ours, is for another audience, or has expired. */
  async function verify(token: string): Promise<Actor> {
    if (token.length > longest) throw new Error('The token is too long')
    const name = hash('sha256', token, 'base64url')
    const found = known.get(name)
    if (found && Date.now() < found.until) return found.actor
    // Nothing is believed of it yet: this only says whose keys it has to stand up to.
    if (external && decodeJwt(token).iss === external.issuer) return external.verify(token)
    const keysThen = keys
    const { payload } = await jwtVerify(token, ({ kid }) => keyOf(kid), {
      algorithms: ['EdDSA'],
      typ: 'at+jwt',
      issuer,
      audience,
      clockTolerance,
      requiredClaims: ['sub', 'exp', 'iat', 'jti', 'sid', 'role'],
    })
    const actor = actorOf(payload)
    if (keys === keysThen) known.set(name, { actor, until: ((payload.exp as number) + clockTolerance) * 1000 })
    return actor
  }

  // Ours alone, by name. What a header brings along (jwk, jku, x5u, x5c) is not looked at: anyone can write it.
  function keyOf(kid: string | undefined) {
    const key = keys.find((one) => one.kid === kid)
    if (!key) throw new Error('The token names no key of ours')
    return key.publicKey
  }
}

const namesOf = (keys: readonly SigningKey[]) => keys.map(({ kid, createdAt }) => `${kid} ${createdAt}`).join()
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function actorOf({ sub = '', sid, ...payload }: JWTPayload): Actor {
  const role = roles.find((known) => known === payload.role)
  if (!role || !uuid.test(sub)) throw new Error('The token names no user, or no role of ours')
  if (typeof sid !== 'string' || !uuid.test(sid)) throw new Error('The token names no session')
  const tier = tiers.find((known) => known === payload.tier) ?? 'standard'
  return { id: sub, role, tier, sessionId: sid }
}
