import { type Static, Type } from 'typebox'
import { roles } from '../../lib/actor.ts'
import { Instant, Strict, Text, Uuid, Version } from '../../lib/schemas.ts'

const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254, examples: ['ada@example.com'] })
const Name = Text(1, 100, { examples: ['Ada'] })

export const User = Strict(
  {
    id: Uuid,
    email: Email,
    name: Name,
    role: Type.Enum([...roles]),
    version: Version,
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'User' },
)
export type User = Static<typeof User>

export const NewUser = Strict(
  {
    email: Email,
    password: Text(12, 128, { format: 'password', description: 'At least 12 characters, of any kind' }),
    name: Name,
    role: Type.Enum(['client', 'worker'], { description: 'A client posts jobs, a worker applies for them' }),
  },
  { title: 'NewUser' },
)

export const Credentials = Strict(
  { email: Email, password: Text(1, 128, { format: 'password' }) },
  { title: 'Credentials' },
)
export type Credentials = Static<typeof Credentials>

export const UserChanges = Strict({ name: Name }, { title: 'UserChanges' })
export type UserChanges = Static<typeof UserChanges>

export const SignIn = Strict(
  {
    accessToken: Type.String({ maxLength: 2000, description: 'Send it as Authorization: Bearer' }),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ minimum: 1, maximum: 86_400, format: 'int32', description: 'Seconds' }),
    user: User,
  },
  { title: 'SignIn' },
)
export type SignIn = Static<typeof SignIn>
