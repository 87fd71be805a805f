// The variables of identity: tokens, sessions, and the keys of what is kept sealed.
import { Type } from 'typebox'
import { succeeds } from './environment.kit.schemas.ts'
import { readKeys } from './lib/seal.ts'

export const identity = {
  ENCRYPTION_KEYS: Type.Refine(
    Type.String({
      maxLength: 4000,
      secret: 'value',
      should: 'keys as name:base64 of 32 bytes, separated by commas (echo "2026-11:$(openssl rand -base64 32)")',
      description: 'Keys of what is kept sealed, as name:base64 of 32 bytes: the first seals, all of them open',
    }),
    (text) => succeeds(() => readKeys(text)),
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
}
