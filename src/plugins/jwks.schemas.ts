import { Type } from 'typebox'
import { OneOf, Strict, Text } from '../lib/schemas.ts'

const Key = Strict(
  {
    kty: OneOf(['OKP']),
    crv: OneOf(['Ed25519']),
    x: Type.String({ maxLength: 43, pattern: '^[A-Za-z0-9_-]{43}$', description: 'The public key' }),
    kid: Text(1, 100, { description: 'The name of the key, in the header of each token that it signed' }),
    alg: OneOf(['EdDSA']),
    use: OneOf(['sig']),
  },
  { title: 'PublicKey', description: 'A key of ours (RFC 8037)' },
)

export const JwkSet = Strict(
  { keys: Type.Array(Key, { maxItems: 10 }) },
  { title: 'JwkSet', description: 'All keys whose tokens count (RFC 7517)' },
)
