import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Tx } from '../../db/client.ts'
import { afterCommit } from '../../db/committed.ts'
import type { Actor, Seen } from '../../lib/actor.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { createSeal, type Seal } from '../../lib/seal.ts'
import { deletePersonKey, findPersonKey, insertAudit, insertPersonKey, type Recorded } from './audit.repository.ts'

type Fields = Record<string, unknown>
/** Fields that changed, and whose personal data they hold: by default that of the object where it is a user, else the actor's. */
export type Change = { before?: Fields; after?: Fields; of?: string }
export type Audit = ReturnType<typeof createAudit>['audit']

/** Fields whose words are the service's own. The text of any other is taken for personal: what nobody thought of is sealed. */
const ownWords = new Set([
  'action',
  'because',
  'breaker',
  'budgetCurrency',
  'category',
  'currency',
  'flag',
  'jobStatus',
  'kind',
  'method',
  'role',
  'rules',
  'split',
  'status',
  'switch',
  'tier',
])
const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const instant = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

/** The text that `seal` keeps of a person's key, and that a person's seal keeps of a row, is bound to that person by these. */
const purposeOfKey = (userId: string) => `person:${userId}`
export const purposeOfRow = (userId: string) => `audit:${userId}`

/** The seal of a person, from the key that the database has of them. */
export const openPersonSeal = (seal: Seal, userId: string, sealedKey: string): Seal =>
  createSeal(seal.open(sealedKey, purposeOfKey(userId)).toString())

export function createAudit({ seal, metrics }: { seal: Seal; metrics: Metrics }) {
  const actions = metrics.counter({
    name: 'seaworthy_actions_total',
    help: 'What people and the service did, by the name that the audit trail has for it: job.created, contract.funded and the like',
    labelNames: ['action'],
  })
  // Whom another process erased may stand here for a while. It does no harm: the erased write no more, and what would still be
  // sealed under a key that is gone from the database can't be read. Nothing is ever read by what stands here.
  const seals = new LRUCache<string, Seal>({ max: 10_000, ttl: 600_000 })

  return { audit, forgetPerson }

  /**
   * Writes who did what, in the transaction that did it: a change without its row, or a row without its change, can't be. Of
   * `before` and `after` the fields that differ are kept, personal ones under the key of their person. One INSERT, and a SELECT
   * where that key was not needed lately.
   */
  async function audit(
    tx: Tx,
    /** Of a stranger, whoever they say that they are, only what was seen. */
    actor: Actor | Seen,
    action: `${string}.${string}`,
    objectId: string,
    change: Change = {},
  ): Promise<void> {
    const [objectType = ''] = action.split('.')
    const { id: actorId, role: actorRole }: Partial<Actor> = actor
    const [before, after] = differing(change)
    const personId = change.of ?? (objectType === 'user' ? objectId : (actorId ?? objectId))
    const isPersonal = [...Object.entries(before), ...Object.entries(after)].some(personal)
    const own = isPersonal ? await sealOf(tx, personId) : undefined
    const recorded = (fields: Fields) => record(fields, own, personId)
    await insertAudit(tx, {
      actorId: actorId ?? null,
      actorRole: actorRole ?? null,
      action,
      objectType,
      objectId,
      requestId: actor.requestId ?? null,
      addressHash: actor.addressHash ?? null,
      personId: isPersonal ? personId : null,
      before: change.before ? recorded(before) : null,
      after: change.after ? recorded(after) : null,
    })
    afterCommit(tx, () => actions.inc({ action }))
  }

  /**
   * Destroys the key of a person, at commit: what the trail holds of them can then be read by nobody, and is still chained. To be
   * called once users.erased_at is set in the same transaction, so that nobody makes another key meanwhile.
   */
  async function forgetPerson(tx: Tx, userId: string): Promise<void> {
    await deletePersonKey(tx, userId)
    seals.delete(userId)
  }

  /** None for a person who is erased: their data is then not written at all. */
  async function sealOf(tx: Tx, userId: string): Promise<Seal | undefined> {
    const cached = seals.get(userId)
    if (cached) return cached
    let found = await findPersonKey(tx, userId)
    if (!found) {
      await insertPersonKey(tx, userId, seal.seal(`p:${randomBytes(32).toString('base64')}`, purposeOfKey(userId)))
      // Of two transactions that make one, the second finds that of the first.
      found = await findPersonKey(tx, userId)
    }
    const own = found && openPersonSeal(seal, userId, found.sealedKey)
    // One that this transaction made is gone again when it fails.
    if (own && found?.isSettled) seals.set(userId, own)
    return own
  }
}

/** Both sides without the fields that are the same on both. */
function differing({ before = {}, after = {} }: Change): [Fields, Fields] {
  const same = (name: string) => name in before && name in after && text(before[name]) === text(after[name])
  const without = (fields: Fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => !same(name)))
  return [without(before), without(after)]
}

const text = (value: unknown) => JSON.stringify(value ?? null)

function personal([name, value]: [string, unknown]): boolean {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return false
  return !(ownWords.has(name) || (typeof value === 'string' && (id.test(value) || instant.test(value))))
}

function record(fields: Fields, own: Seal | undefined, personId: string): Recorded {
  const entries = Object.entries(fields)
  const hidden = entries.filter(personal)
  const plain = Object.fromEntries(entries.filter((entry) => !personal(entry)))
  if (hidden.length === 0) return { plain }
  return { plain, sealed: own ? own.seal(text(Object.fromEntries(hidden)), purposeOfRow(personId)) : null }
}
