// Ed25519 private keys in PEM (RFC 8410), several in one text, newest first. What stands between them is for people (RFC 7468,
// section 2), but for a line `created TIME`, which dates the key under it.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose'

export type SigningKey = {
  /** The thumbprint of the public key (RFC 7638), so that a name can't be given to two keys. */
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  /** As others may read it: the public key, and what it is for. */
  jwk: JWK
  /** When it was put there; 0 where nothing says so, which is long ago. */
  createdAt: number
}
/** One key as it is written: `text` is all of it, with the lines above it. */
export type WrittenKey = { text: string; privateKey: KeyObject; createdAt: number }

const most = 10
const block = /([\s\S]*?)(-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----)/g

/** Throws where one is no Ed25519 key, stands there twice, or is cut off. */
export function splitSigningKeys(text: string): WrittenKey[] {
  const written = [...text.matchAll(block)].map(([whole, above = '', pem = '']) => {
    const privateKey = createPrivateKey(pem)
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('TOKEN_SIGNING_KEY is not an Ed25519 key')
    return { text: whole.trim(), privateKey, createdAt: createdAtOf(above) }
  })
  // One that is cut off, or of another kind, must not go unnoticed beside a good one.
  if (written.length === 0 || written.length !== text.split('-----BEGIN ').length - 1)
    throw new Error('TOKEN_SIGNING_KEY is not one Ed25519 key or several in PEM')
  if (written.length > most) throw new Error(`TOKEN_SIGNING_KEY has more than ${most} keys`)
  for (const [at, { privateKey }] of written.entries())
    if (written.slice(0, at).some((other) => other.privateKey.equals(privateKey)))
      throw new Error('TOKEN_SIGNING_KEY has one key twice')
  return written
}

/** The same with what tokens need of each. */
export function readSigningKeys(text: string): Promise<SigningKey[]> {
  return Promise.all(
    splitSigningKeys(text).map(async ({ privateKey, createdAt }) => {
      const publicKey = createPublicKey(privateKey)
      const jwk = await exportJWK(publicKey)
      const kid = await calculateJwkThumbprint(jwk)
      return { kid, privateKey, publicKey, jwk: { ...jwk, kid, alg: 'EdDSA', use: 'sig' }, createdAt }
    }),
  )
}

/** The time in the last line that says one, in milliseconds since 1970. */
function createdAtOf(above: string): number {
  const [, time = ''] = [...above.matchAll(/^created (\S+)$/gm)].at(-1) ?? []
  return Date.parse(time) || 0
}
