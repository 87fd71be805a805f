// Access tokens: EdDSA (RFC 8037), `typ` at+jwt and the claims of RFC 9068.
import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, jwtVerify, SignJWT } from 'jose'
import { type Actor, type Role, roles, tiers } from './actor.ts'

export type Tokens = Awaited<ReturnType<typeof createTokens>>

type Options = { signingKey: string; issuer: string; audience: string; lifetime: number }

/** `signingKey` is an Ed25519 private key in PEM (PKCS #8), `lifetime` is in milliseconds. Throws when the key is of another kind. */
export async function createTokens({ signingKey, issuer, audience, lifetime }: Options) {
  const privateKey = createPrivateKey(signingKey)
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('TOKEN_SIGNING_KEY is not an Ed25519 key')
  const publicKey = createPublicKey(privateKey)
  const kid = await calculateJwkThumbprint(await exportJWK(publicKey))
  const expiresIn = Math.floor(lifetime / 1000)

  return { sign, verify, expiresIn }

  function sign({ id, role, tier = 'standard' }: Actor): Promise<string> {
    return new SignJWT({ role, tier, client_id: audience })
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
    const { payload } = await jwtVerify(token, publicKey, {
      algorithms: ['EdDSA'],
      typ: 'at+jwt',
      issuer,
      audience,
      requiredClaims: ['sub', 'exp', 'iat', 'jti', 'role'],
    })
    const role = roles.find((known) => known === payload.role)
    if (!role || !payload.sub) throw new Error('The token names no role of ours')
    const tier = tiers.find((known) => known === payload.tier) ?? 'standard'
    return { id: payload.sub, role: role satisfies Role, tier }
  }
}
