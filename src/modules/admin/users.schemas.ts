import { type Static, Type } from 'typebox'
import { roles, tiers } from '../../lib/actor.ts'
import { Instant, Nullable, OneOf, PageOf, PageQuery, Strict, Text, Uuid, Version } from '../../lib/schemas.ts'

const Email = Type.String({ format: 'email', minLength: 3, maxLength: 254, examples: ['ada@example.com'] })
const Role = OneOf(roles, { description: 'What the user may do' })

export const AdminUser = Strict(
  {
    id: Uuid,
    email: Email,
    name: Text(1, 100, { examples: ['Ada'] }),
    role: Role,
    tier: OneOf(tiers, { description: 'What the limits of the user are multiplied by' }),
    version: Version,
    createdAt: Instant,
    updatedAt: Instant,
    emailVerifiedAt: Nullable(Instant, { description: 'Null until the address was verified' }),
    blockedAt: Nullable(Instant, { description: 'Since when the user can’t sign in' }),
    erasedAt: Nullable(Instant, { description: 'When the user’s personal data was erased' }),
  },
  { title: 'AdminUser', description: 'An account, as its administration sees it' },
)
export type AdminUser = Static<typeof AdminUser>

export const AdminUserQuery = Strict({
  ...PageQuery,
  email: Type.Optional(Type.String({ format: 'email', maxLength: 254, description: 'The whole address' })),
  role: Type.Optional(Role),
  blocked: Type.Optional(Type.Boolean({ description: 'Only who is blocked, or only who is not' })),
})
export type AdminUserQuery = Static<typeof AdminUserQuery>

export const AdminUserPage = PageOf(AdminUser, { title: 'AdminUserPage', description: 'A page of accounts' })

export const Block = Strict(
  { reason: Text(1, 500, { description: 'For the audit trail', examples: ['Took payments outside of the service'] }) },
  { title: 'Block', description: 'Why someone is locked out' },
)
export type Block = Static<typeof Block>

export const RoleChange = Strict({ role: Role }, { title: 'RoleChange', description: 'The role that a user gets' })
export type RoleChange = Static<typeof RoleChange>
