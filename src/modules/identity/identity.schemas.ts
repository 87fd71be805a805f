import { type Static, Type } from 'typebox'
import { roles } from '../../lib/actor.ts'
import { Instant, OneOf, Strict, Text, Uuid, Version } from '../../lib/schemas.ts'

export const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254, examples: ['ada@example.com'] })
export const Password = (minLength: number, options = {}) =>
  Text(minLength, 128, { format: 'password', examples: ['correct-horse-battery'], ...options })
const Name = Text(1, 100, { examples: ['Ada'] })

export const User = Strict(
  {
    id: Uuid,
    email: Email,
    name: Name,
    role: OneOf(roles),
    version: Version,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'User', description: 'An account' },
)
export type User = Static<typeof User>

export const NewUser = Strict(
  {
    email: Email,
    password: Password(12, { description: 'At least 12 characters, of any kind' }),
    name: Name,
    role: OneOf(['client', 'worker'], { description: 'A client posts jobs, a worker applies for them' }),
  },
  { title: 'NewUser', description: 'An account to make' },
)

/** How a client holds its session: it sends the token itself, or is a browser that keeps it in cookies. */
export const Mode = OneOf(['bearer', 'cookie'], {
  default: 'bearer',
  description: 'cookie: for browsers; the tokens come as cookies that no script can read, and not in the body',
})

/** Digits of an authenticator, or a recovery code; spaces and dashes in it don't matter. */
export const Code = Type.String({
  minLength: 6,
  maxLength: 40,
  pattern: '^[0-9A-Za-z][0-9A-Za-z -]*$',
  description: 'Six digits of your authenticator, or a recovery code',
  examples: ['492039'],
})

export const Credentials = Strict(
  { email: Email, password: Password(1), code: Type.Optional(Code), mode: Type.Optional(Mode) },
  { title: 'Credentials', description: 'What an account signs in with' },
)
export type Credentials = Static<typeof Credentials>

export const UserChanges = Strict({ name: Name }, { title: 'UserChanges', description: 'What to change of an account' })
export type UserChanges = Static<typeof UserChanges>
