// What is left when it is quiet again, held against what was answered and against the provider's own books.
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { withClient } from '../create-database.ts'
import { startProcess } from '../process.ts'
import type { Stack } from '../stack.ts'
import type { Step } from './workload.ts'

/** What was answered with success. */
export type Done = { step: Step; answered: { id: string } }
type Options = { ownerUrl: string; stack: Stack; done: Done[] }

const open = `
  SELECT 'payments that are pending' AS what, count(*)::int AS count FROM payments WHERE status = 'pending'
  UNION ALL SELECT 'contracts on their way', count(*)::int FROM contracts
    WHERE status = 'funding' OR (status = 'cancelled' AND funded_at IS NOT NULL) OR (status = 'approved' AND releases_at < now())
  UNION ALL SELECT 'events that were not told', count(*)::int FROM outbox WHERE handled_at IS NULL AND dead_at IS NULL
  UNION ALL SELECT 'operations that have not ended', count(*)::int FROM operations WHERE finished_at IS NULL`

/** Waits until nothing is under way; answers what still is when the time (milliseconds) is over. */
export async function untilQuiet(ownerUrl: string, patience: number): Promise<string[]> {
  const end = performance.now() + patience
  for (;;) {
    const left = await withClient(ownerUrl, async (owner) => {
      // As if the waits between tries were over.
      await owner.query(
        "UPDATE payments SET next_try_at = now() WHERE status = 'pending' AND next_try_at > now() + interval '3 seconds'",
      )
      return (await owner.query<{ what: string; count: number }>(open)).rows.filter(({ count }) => count > 0)
    })
    if (left.length === 0) return []
    if (performance.now() > end) return left.map(({ what, count }) => `${count} ${what}`)
    await delay(500)
  }
}

/** Answers faults in words. */
export async function findFaults({ ownerUrl, stack, done }: Options): Promise<string[]> {
  const own = await verify(stack)
  return withClient(ownerUrl, async (owner) => [...own, ...(await lost(owner, done)), ...(await compare(owner, stack))])
}

/** `npm run ledger:verify`. */
async function verify({ settings }: Stack): Promise<string[]> {
  const running = startProcess(['src/ledger-verify.ts', '--json'], { env: settings })
  const { code } = await running.ended
  if (code === 0) return []
  const said = running.said()
  if (!said.startsWith('{')) return [`the verifier failed: ${said.slice(0, 1000)}`]
  const { verdicts } = JSON.parse(said) as { verdicts: { name: string; found: number; ids: string[] }[] }
  return verdicts
    .filter(({ found }) => found > 0)
    .map(({ name, found, ids }) => `${name}: ${found} (${ids.slice(0, 3).join(', ')})`)
}

/** What must be true of its contract after each step that was answered with success. */
const kept: Partial<Record<Step['name'], string>> = {
  delivery: 'delivered_at IS NOT NULL',
  approval: 'approved_at IS NOT NULL',
  dispute: 'disputed_at IS NOT NULL',
  cancellation: "status IN ('cancelled', 'refunded')",
  resolution: "status = 'resolved'",
}

async function lost(owner: pg.Client, done: Done[]): Promise<string[]> {
  const faults: string[] = []
  for (const [name, holds] of Object.entries(kept)) {
    const ids = done.flatMap(({ step }) => (step.name === name && step.contract ? [step.contract.id] : []))
    const { rowCount } = await owner.query(`SELECT FROM contracts WHERE id = ANY ($1) AND NOT (${holds})`, [ids])
    if (rowCount) faults.push(`${rowCount} contracts without the ${name} that was answered with success`)
  }
  const ids = [...new Set(done.flatMap(({ step, answered }) => (step.name in kept ? [] : [answered.id])))]
  // One payment may have been answered by its operation first, and by itself later.
  const unknown = `SELECT FROM unnest($1::uuid[]) AS named (id)
    WHERE NOT EXISTS (SELECT FROM payments WHERE named.id IN (payments.id, payments.operation_id))`
  const { rowCount } = await owner.query(unknown, [ids])
  if (rowCount) faults.push(`${rowCount} of ${ids.length} fundings and payouts that were accepted without a payment`)
  return faults
}

const kinds = { payment_intent: 'charge', refund: 'refund', transfer: 'payout' } as const

/** Every movement at the provider is one payment that succeeded, of that amount, and the other way round. */
async function compare(owner: pg.Client, { payments: provider }: Stack): Promise<string[]> {
  const there = new Map<string, number[]>()
  for (const [object, kind] of Object.entries(kinds)) {
    for (const { status, amount, metadata } of provider.objects(object)) {
      if (object !== 'transfer' && status !== 'succeeded') continue
      const name = `${kind} ${(metadata as { paymentId?: string }).paymentId}`
      there.set(name, [...(there.get(name) ?? []), amount])
    }
  }
  const { rows } = await owner.query(
    "SELECT kind || ' ' || id AS name, amount::float8 FROM payments WHERE status = 'succeeded'",
  )
  const here = new Map(rows.map(({ name, amount }) => [name as string, amount as number]))
  const faults: string[] = []
  const count = (what: string, names: string[]) => {
    if (names.length > 0) faults.push(`${names.length} ${what} (${names.slice(0, 3).join(', ')})`)
  }
  const names = [...there.keys()]
  count(
    'movements that the provider made twice',
    names.filter((name) => there.get(name)?.length !== 1),
  )
  count(
    'movements of the provider that we do not know',
    names.filter((name) => !here.has(name)),
  )
  count(
    'payments that the provider does not know',
    [...here.keys()].filter((name) => !there.has(name)),
  )
  count(
    'payments of another amount than the provider’s',
    names.filter((name) => here.has(name) && here.get(name) !== there.get(name)?.[0]),
  )
  return faults
}
