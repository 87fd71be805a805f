// Signs what has to be verified outside, without our secret: Ed25519 (RFC 8032) by a key that is derived from one (HKDF, RFC 5869),
// so that there is none more to keep.
import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto'

export type Signer = ReturnType<typeof createSigner>

// What stands before the bytes of a key in DER (RFC 8410, section 7 and 4).
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** A public key from its 32 bytes as base64. Throws when it is none. */
export function readPublicKey(text: string): KeyObject {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 32) throw new Error('not a public key of Ed25519')
  return createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: 'der', type: 'spki' })
}

const bytesOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length)
const idOf = (key: KeyObject) => createHash('sha256').update(bytesOf(key)).digest('base64url').slice(0, 16)

type Options = { secret: string; purpose: string; trusted?: readonly string[] }

/** `trusted` are public keys, as base64, that signed under secrets of before: they verify, and sign no more. */
export function createSigner({ secret, purpose, trusted = [] }: Options) {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', `seaworthy ${purpose}`, 32))
  const privateKey = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const keys = new Map([publicKey, ...trusted.map(readPublicKey)].map((key) => [idOf(key), key]))

  return {
    keyId: idOf(publicKey),
    sign: (text: string): Buffer => sign(null, Buffer.from(text), privateKey),
    /** False too where the key is none of ours. */
    verifies(text: string, signature: Buffer, keyId: string): boolean {
      const key = keys.get(keyId)
      return key !== undefined && verify(null, Buffer.from(text), key, signature)
    },
    /** The public key as base64 of its bytes, and in PEM; undefined where it is none of ours. */
    publicKey(keyId: string): { base64: string; pem: string } | undefined {
      const key = keys.get(keyId)
      return (
        key && { base64: bytesOf(key).toString('base64'), pem: String(key.export({ format: 'pem', type: 'spki' })) }
      )
    },
  }
}
