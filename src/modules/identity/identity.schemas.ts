import { type Static, Type } from 'typebox'
import { roles } from '../../lib/actor.ts'
import { Instant, OneOf, Strict, Text, Uuid, Version } from '../../lib/schemas.ts'

const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254, examples: ['ada@example.com'] })
const Password = (minLength: number, options = {}) =>
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

export const Credentials = Strict(
  { email: Email, password: Password(1) },
  { title: 'Credentials', description: 'What an account signs in with' },
)
export type Credentials = Static<typeof Credentials>

export const UserChanges = Strict({ name: Name }, { title: 'UserChanges', description: 'What to change of an account' })
export type UserChanges = Static<typeof UserChanges>

export const SignIn = Strict(
  {
    accessToken: Type.String({
      maxLength: 2000,
      pattern: '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$',
      description: 'Send it as Authorization: Bearer',
    }),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ minimum: 1, maximum: 86_400, format: 'int32', description: 'Seconds', examples: [600] }),
    user: User,
  },
  { title: 'SignIn', description: 'An access token, and whose it is' },
)
export type SignIn = Static<typeof SignIn>
