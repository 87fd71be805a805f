// The variables of identity: tokens, sessions, and the keys of what is kept sealed.
import { Type } from 'typebox'
import { wordsOf } from './environment.edge.schemas.ts'
import { succeeds, url } from './environment.kit.schemas.ts'
import { readKeys } from './lib/seal.ts'
import { readPublicKey } from './lib/signer.ts'

export const identity = {
  APP_URL: Type.Optional(
    url('https|http', "Where people's pages are, to which the links in mails lead; PUBLIC_URL where unset"),
  ),
  ENCRYPTION_KEYS: Type.Refine(
    Type.String({
      maxLength: 4000,
      secret: 'value',
      should: 'keys as name:base64 of 32 bytes, separated by commas (echo "2026-11:$(openssl rand -base64 32)")',
      description: 'Keys of what is kept sealed, as name:base64 of 32 bytes: the first seals, all of them open',
    }),
    (text) => succeeds(() => readKeys(text)),
  ),
  AUDIT_OLD_KEYS: Type.Refine(
    Type.String({
      maxLength: 2000,
      default: '',
      should: 'public keys of Ed25519 as base64 of 32 bytes, separated by commas',
      description:
        'Public keys of audit seals that were signed under an earlier APP_SECRET, as audit:verify shows them',
    }),
    (text) => succeeds(() => wordsOf(text).map(readPublicKey)),
  ),
  SESSION_IDLE_DAYS: Type.Integer({
    minimum: 1,
    maximum: 365,
    default: 14,
    description: 'Days after its last use for which a session can be renewed',
  }),
  SESSION_DAYS: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 90,
    description: 'Days after which a session ends, however much it is used',
  }),
  SESSIONS_KEPT_DAYS: Type.Integer({
    minimum: 1,
    maximum: 3650,
    default: 30,
    description: 'Days for which sessions that ended are kept: a sign-in from none of them is told to the owner',
  }),
  ARGON2_MEMORY_KIB: Type.Integer({
    minimum: 19_456,
    maximum: 1_048_576,
    default: 19_456,
    description:
      'Memory that hashing a password takes, in KiB; a higher one takes effect at the next sign-in of each person',
  }),
  ARGON2_PASSES: Type.Integer({
    minimum: 2,
    maximum: 20,
    default: 2,
    description: 'How often hashing a password goes over its memory',
  }),
  PASSWORD_HASHES_AT_ONCE: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 2,
    description: 'Passwords that a process hashes at once; above 3 raise UV_THREADPOOL_SIZE too',
  }),
  SIGN_IN_DELAY_MS: Type.Integer({
    minimum: 1000,
    maximum: 900_000,
    default: 30_000,
    description: 'First wait after too many failed sign-ins, in milliseconds; each further failure doubles it',
  }),
}
