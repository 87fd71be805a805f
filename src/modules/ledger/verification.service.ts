// Whether the books add up: every invariant of the ledger, and of what leans on it, looked at anew from the rows.
import type { Database } from '../../db/client.ts'
import { type Books, countBooks, findOffenders, freeze, type Invariant } from './verification.repository.ts'

type Trail = { isSound: boolean; found: number; findings: { detail: string }[] }
type Deps = { db: Database; verifyTrail: () => Promise<Trail> }
type Name = Invariant | 'trail-intact'

/** What holds, by the name of the invariant. */
const says: Readonly<Record<Name, string>> = {
  'sums-to-zero': 'All posted entries of a currency sum to zero',
  'transfers-balanced': 'Each transfer has its entries, of one currency, which sum to zero',
  'posted-as-entries': 'What an account has is the sum of its posted entries',
  'reserved-as-pending': 'What an account has reserved is what its open pending transfers take',
  'never-negative': 'No account but clearing has less than nothing',
  'pending-ends-once': 'What is pending ends once at most',
  'ends-as-announced': 'What ended moved what was announced',
  'between-the-right-accounts': 'Each transfer is between the accounts of its kind, contract and payment',
  'contracts-hold-what-they-should': 'Each contract holds what its state says: funded, less released, less refunded',
  'one-effect-per-contract': 'A contract is funded, released and refunded once at most',
  'one-effect-per-payment': 'A payment has one transfer at most',
  'one-effect-per-key': 'A key of a money call leads to one payment, which is the caller’s, and to no other key’s',
  'payments-and-transfers-agree': 'A payment succeeded where its transfer is posted, and nowhere else',
  'trail-intact': 'The audit trail is whole',
}

/** `ids` are the first hundred of the `found` rows that offend: their own ids, or what they are of. */
type Verdict = { name: Name; says: string; found: number; ids: string[] }
export type LedgerVerification = { isSound: boolean; books: Books; verdicts: Verdict[] }

export function createLedgerVerificationService({ db, verifyTrail }: Deps) {
  return { verify }

  /** All of it as of one moment, while the service goes on; only the audit trail is looked at after that. */
  async function verify(): Promise<LedgerVerification> {
    const { books, verdicts } = await db.transaction(async (tx) => {
      await freeze(tx)
      const verdicts: Verdict[] = []
      for (const name of Object.keys(says) as Name[]) {
        if (name === 'trail-intact') continue
        const { ids, count } = await findOffenders(tx, name)
        verdicts.push({ name, says: says[name], found: count, ids })
      }
      return { books: await countBooks(tx), verdicts }
    })
    const trail = await verifyTrail()
    const ids = trail.findings.map(({ detail }) => detail)
    verdicts.push({ name: 'trail-intact', says: says['trail-intact'], found: trail.found, ids })
    return { isSound: verdicts.every(({ found }) => found === 0), books, verdicts }
  }
}
