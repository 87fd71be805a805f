// A payment that is settled, cut off at its last step: by an error (DAT-04), or by the end of the process (REL-21).
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { red } from '../control.ts'
import { agreed, chargesFor, parties } from './money-scene.ts'
import { kill, outcome } from './reliability-scene.ts'
import { invoke } from './scene.ts'

const whole = {
  contract: 'funded',
  payment: 'succeeded',
  transfers: 1,
  operation: 'succeeded',
  steps: ['contract.funded', 'contract.funding-started'],
  events: ['contract.funded'],
}
const begun = {
  contract: 'funding',
  payment: 'pending',
  transfers: 0,
  operation: 'pending',
  steps: ['contract.funding-started'],
  events: [],
}
type State = Record<keyof typeof whole, unknown>

// The event is the last that a settlement writes.
const refuseLastStep = `
  CREATE FUNCTION refuse_funded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
  CREATE TRIGGER refuse_funded BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.kind = 'contract.funded')
    EXECUTE FUNCTION refuse_funded()`

/** The provider has charged, and the last step fails: nothing of the rest is kept, and the next try has all of it. */
export async function settleWholeOrNot(context: Context) {
  const both = await parties(context)
  const contract = await agreed(both)
  await context.sql.owner(refuseLastStep)
  const answer = await invoke(both.client.call, 'fundContract', { part: contract }).finally(async () => {
    compare(await stateOf(context, contract), begun, 'kept')
    await context.sql.owner('DROP FUNCTION refuse_funded CASCADE')
  })
  if (answer.status !== 202) red('nothing-failed', `${answer.status} ${answer.text.slice(0, 300)}`)
  await untilWhole(context, contract)
  return { funding: answer.status, charges: chargesFor(context, contract).length }
}

/** kill -9 while a payment is settled: a worker comes to the same end, with one charge. */
export async function settlesAfterKill(context: Context, server: Door) {
  const { sql, until, startApi, startWorker, apiAt, finish } = context
  const api = apiAt(server.url)
  const both = { client: await api.as('client'), worker: await api.as('worker') }
  const contract = await agreed(both)
  // Nobody is told by a webhook: a worker has to find out.
  context.payments.sendWebhooks({ url: undefined })
  const held = await sql.hold('outbox')
  const key = randomUUID()
  const cutOff = outcome(invoke(both.client.call, 'fundContract', { part: contract, key }))
  await until('not-under-way', async () => (await held.waiting()) > 0 && chargesFor(context, contract).length === 1)
  await kill(server)
  await cutOff
  await held.release()
  const [again] = await Promise.all([startApi({ PORT: new URL(server.url).port }), startWorker()])
  await untilWhole(context, contract)
  const replayed = await invoke(apiAt(again.url).withToken(both.client.token), 'fundContract', { part: contract, key })
  if (replayed.field('idempotent-replayed') !== 'true') red('repetition-refused', `${replayed.status} ${replayed.text}`)
  const verified = await finish(['src/ledger-verify.ts'])
  if (verified.code !== 0) red('books-do-not-add-up', verified.said.slice(0, 500))
  return { charges: chargesFor(context, contract).length, replayed: replayed.status }
}

async function untilWhole(context: Context, contract: string): Promise<void> {
  const settled = async () => {
    const seen = await stateOf(context, contract)
    return seen.payment === 'succeeded' && seen
  }
  compare(await context.until('never-settled', settled, { within: 20_000 }), whole, 'missing')
  const charges = chargesFor(context, contract).length
  if (charges !== 1) red('charged-twice', `${charges} charges`)
}

async function stateOf({ sql }: Context, contract: string): Promise<State> {
  const [state] = await sql.owner<State>(
    `SELECT contracts.status AS contract, payments.status AS payment, operations.status AS operation,
      (SELECT count(*)::int FROM ledger_transfers WHERE contract_id = $1) AS transfers,
      ARRAY(SELECT action FROM audit_log WHERE object_id = $1 ORDER BY 1) AS steps,
      ARRAY(SELECT kind FROM outbox WHERE aggregate = 'contract:' || $1::text ORDER BY 1) AS events
     FROM contracts JOIN payments ON payments.contract_id = contracts.id JOIN operations ON operations.id = operation_id
     WHERE contracts.id = $1`,
    [contract],
  )
  return state as State
}

/** Red by the part that is not as it should be, such as `transfers-kept`. */
function compare(seen: State, wanted: State, how: 'missing' | 'kept'): void {
  for (const part of Object.keys(whole) as (keyof State)[])
    if (String(seen[part]) !== String(wanted[part])) red(`${part}-${how}`, `${part}: ${seen[part]}`)
}
