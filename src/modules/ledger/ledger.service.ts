// Who has how much: double entry in integer minor units, by transfers that nobody changes. Each currency is a book of its own.
import type { Tx } from '../../db/client.ts'
import { isRefusedBy } from '../../db/failures.ts'
import type { Reads } from '../../db/reads.ts'
import { balanceTooSmall } from './ledger.errors.ts'
import {
  type Balance,
  insertAccounts,
  insertEnd,
  insertTransfer,
  type Line,
  listBalances,
  type NewTransfer,
} from './ledger.repository.ts'

/** `owner` is a user's id, or null for the platform, which has `fees` and `clearing`: what the payment provider has of ours. */
export type AccountRef = { owner: string | null; kind: Line['kind']; currency: string }
export type Movement = {
  kind: NewTransfer['kind']
  contractId?: string
  paymentId?: string
  /** Of one currency, with a sum of zero: a positive amount goes into its account. Lines of 0 are left out. */
  lines: { account: AccountRef; amount: number }[]
}

export type LedgerService = ReturnType<typeof createLedgerService>

export function createLedgerService({ reads }: { reads: Pick<Reads, 'newest'> }) {
  return { move, reserve, post, cancel, wallet }

  /**
   * Moves money at once; answers the transfer's id. AppError 409 BALANCE_TOO_SMALL where an account has too little; a plain Error
   * for what only a mistake in the code can ask: one effect twice, a sum other than zero, more than a contract holds (the last two
   * at COMMIT). All of them lose the transaction.
   */
  async function move(tx: Tx, movement: Movement): Promise<string> {
    return transfer(tx, 'posted', movement)
  }

  /** Sets aside what would leave; nothing has moved until `post`. Answers the id that `post` or `cancel` take. Errors as `move`. */
  async function reserve(tx: Tx, movement: Movement): Promise<string> {
    return transfer(tx, 'pending', movement)
  }

  /** What was reserved moves. An Error when it ended already: of two ends at once the second waits, and is refused. */
  async function post(tx: Tx, pendingId: string): Promise<void> {
    await end(tx, pendingId, 'posted')
  }

  /** What was reserved is free again. An Error as in `post`. */
  async function cancel(tx: Tx, pendingId: string): Promise<void> {
    await end(tx, pendingId, 'voided')
  }

  /** What a user has in each currency, in minor units: `reserved` is on its way out, and part of neither of the others. */
  async function wallet(userId: string): Promise<Balance[]> {
    return listBalances(reads.newest, userId)
  }
}

async function transfer(tx: Tx, phase: 'posted' | 'pending', movement: Movement): Promise<string> {
  const { kind, contractId = null, paymentId = null } = movement
  const moved = movement.lines.filter(({ amount }) => amount !== 0)
  const [currency = '', ...others] = new Set(moved.map(({ account }) => account.currency))
  const sum = moved.reduce((total, { amount }) => total + amount, 0)
  if (moved.length < 2 || others.length > 0 || sum !== 0) throw new Error(`A ${kind} of no sound lines`)
  const lines = moved.map(({ account, amount }) => ({ owner: account.owner, kind: account.kind, amount }))
  const row = { phase, kind, contractId, paymentId, currency, lines }
  try {
    let id = await insertTransfer(tx, row)
    if (!id) {
      await insertAccounts(tx, currency, lines)
      id = await insertTransfer(tx, row)
    }
    if (!id) throw new Error(`A ${kind} names one account twice`)
    return id
  } catch (error) {
    throw isRefusedBy(error, 'ledger_accounts_balance_enough') ? balanceTooSmall(error) : error
  }
}

async function end(tx: Tx, pendingId: string, phase: 'posted' | 'voided'): Promise<void> {
  if (!(await insertEnd(tx, pendingId, phase))) throw new Error(`Transfer ${pendingId} is not pending, or has ended`)
}
