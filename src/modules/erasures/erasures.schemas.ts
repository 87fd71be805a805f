import { type Static, Type } from 'typebox'
import { Strict, Text } from '../../lib/schemas.ts'

export const Erasure = Strict(
  {
    password: Text(1, 128, {
      format: 'password',
      description: 'Your current one',
      examples: ['correct-horse-battery'],
    }),
    code: Type.Optional(
      Type.String({
        minLength: 6,
        maxLength: 40,
        pattern: '^[0-9A-Za-z][0-9A-Za-z -]*$',
        description: 'Of your second factor, where it is on: six digits, or a recovery code',
        examples: ['492039'],
      }),
    ),
  },
  { title: 'Erasure', description: 'What proves that it is you' },
)
export type Erasure = Static<typeof Erasure>
