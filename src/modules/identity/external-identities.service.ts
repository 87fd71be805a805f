// Whom a subject of another issuer is here: nobody, until the operator links it (npm run link-identity).
import { LRUCache } from 'lru-cache'
import type { Database } from '../../db/client.ts'
import type { Actor } from '../../lib/actor.ts'
import type { ExternalTokens } from '../../lib/external-tokens.ts'
import { findLinkedUser } from './external-identities.repository.ts'

/** Milliseconds: who is blocked, or no longer linked, has no access 5 s later. */
const remembered = 4000
const most = 10_000

export function createExternalIdentities({ db, tokens }: { db: Database; tokens: ExternalTokens }) {
  const known = new LRUCache<string, { actor?: Actor }>({
    max: most,
    ttl: remembered,
    fetchMethod: async (subject) => {
      const user = await findLinkedUser(db, tokens.issuer, subject)
      if (!user || user.blockedAt || user.erasedAt) return {}
      return { actor: { id: user.id, role: user.role, tier: user.tier } }
    },
    // While the database is away nobody can be blocked in it either.
    allowStaleOnFetchRejection: true,
  })

  return { issuer: tokens.issuer, verify }

  /** Who a token of the other issuer speaks for. Throws when it is not good, or its subject is nobody here, or blocked, or erased. */
  async function verify(token: string): Promise<Actor> {
    const actor = (await known.fetch(await tokens.subjectOf(token)))?.actor
    if (!actor) throw new Error('The subject is nobody here')
    return actor
  }
}
