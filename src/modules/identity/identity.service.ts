import type { Database } from '../../db/client.ts'
import type { Actor, Role } from '../../lib/actor.ts'
import { matches, versionDiffers } from '../../lib/etag.ts'
import { hashPassword, passwordFits } from '../../lib/passwords.ts'
import type { Tokens } from '../../lib/tokens.ts'
import { accountGone, credentialsWrong, emailTaken } from './identity.errors.ts'
import { findUser, findUserByEmail, insertUser, type UserRow, updateUser } from './identity.repository.ts'
import type { Credentials, SignIn, User, UserChanges } from './identity.schemas.ts'

type Deps = { db: Database; tokens: Tokens }
type Registration = { email: string; password: string; name: string; role: Role }

export type IdentityService = ReturnType<typeof createIdentityService>

export function createIdentityService({ db, tokens }: Deps) {
  return { register, logIn, me, changeMe }

  async function register({ password, email, ...person }: Registration): Promise<User> {
    const passwordHash = await hashPassword(password)
    const row = await insertUser(db, { ...person, email: email.toLowerCase(), passwordHash })
    if (!row) throw emailTaken()
    return toUser(row)
  }

  async function logIn({ email, password }: Credentials): Promise<SignIn> {
    const row = await findUserByEmail(db, email.toLowerCase())
    const fits = await passwordFits(password, row?.passwordHash)
    if (!row || !fits) throw credentialsWrong()
    const accessToken = await tokens.sign(row)
    return { accessToken, tokenType: 'Bearer', expiresIn: tokens.expiresIn, user: toUser(row) }
  }

  async function me(actor: Actor): Promise<User> {
    return toUser(await getMe(actor))
  }

  async function changeMe(actor: Actor, ifMatch: string, changes: UserChanges): Promise<User> {
    const { version } = await getMe(actor)
    const row = matches(ifMatch, version) ? await updateUser(db, actor.id, version, changes) : undefined
    if (!row) throw versionDiffers((await getMe(actor)).version)
    return toUser(row)
  }

  async function getMe(actor: Actor): Promise<UserRow> {
    const row = await findUser(db, actor.id)
    if (!row) throw accountGone()
    return row
  }
}

function toUser({ passwordHash: _, ...user }: UserRow): User {
  return user
}
