import type { Database, Tx } from '../../db/client.ts'
import { runOnce } from '../../db/once.ts'
import type { Actor, Role } from '../../lib/actor.ts'
import { matches, versionDiffers } from '../../lib/etag.ts'
import type { Once } from '../../lib/once.ts'
import { hashPassword, passwordFits } from '../../lib/passwords.ts'
import type { Tokens } from '../../lib/tokens.ts'
import type { Audit } from '../audit/audit.service.ts'
import { accountGone, credentialsWrong, emailTaken } from './identity.errors.ts'
import { findUser, findUserByEmail, insertUser, type UserRow, updateUser } from './identity.repository.ts'
import type { Credentials, SignIn, User, UserChanges } from './identity.schemas.ts'

type Deps = { db: Database; tokens: Tokens; audit: Audit }
type Registration = { email: string; password: string; name: string; role: Role }

export type IdentityService = ReturnType<typeof createIdentityService>

export function createIdentityService({ db, tokens, audit }: Deps) {
  return { register, logIn, me, changeMe }

  async function register({ password, email, ...person }: Registration, once?: Once): Promise<User> {
    const passwordHash = await hashPassword(password)
    return runOnce(db, once, async (tx) => {
      const row = await insertUser(tx, { ...person, email: email.toLowerCase(), passwordHash })
      if (!row) throw emailTaken()
      await audit(tx, { ...row, ...(once && { requestId: once.requestId }) }, 'user.registered', row.id)
      return toUser(row)
    })
  }

  async function logIn({ email, password }: Credentials): Promise<SignIn> {
    const row = await findUserByEmail(db, email.toLowerCase())
    const fits = await passwordFits(password, row?.passwordHash)
    if (!row || !fits) throw credentialsWrong()
    const accessToken = await tokens.sign(row)
    return { accessToken, tokenType: 'Bearer', expiresIn: tokens.expiresIn, user: toUser(row) }
  }

  async function me(actor: Actor): Promise<User> {
    return toUser(await getMe(db, actor))
  }

  async function changeMe(actor: Actor, ifMatch: string, changes: UserChanges): Promise<User> {
    return db.transaction(async (tx) => {
      const { version } = await getMe(tx, actor)
      const row = matches(ifMatch, version) ? await updateUser(tx, actor.id, version, changes) : undefined
      if (!row) throw versionDiffers((await getMe(tx, actor)).version)
      await audit(tx, actor, 'user.changed', row.id)
      return toUser(row)
    })
  }

  async function getMe(tx: Tx, actor: Actor): Promise<UserRow> {
    const row = await findUser(tx, actor.id)
    if (!row) throw accountGone()
    return row
  }
}

function toUser({ passwordHash: _, tier: __, ...user }: UserRow): User {
  return user
}
