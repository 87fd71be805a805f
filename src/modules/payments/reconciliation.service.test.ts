import { expect, test } from 'vitest'
import { buildMoneyApp } from '../../../test/money.ts'
import { withClient } from '../../../tools/create-database.ts'

const app = await buildMoneyApp({ env: { PAYMENTS_TIMEOUT_MS: '1000' } })
const { agree, step, fund, seen, until, services, worker, sandbox, database, db } = app
const { reconciliation } = services
const sql = (text: string) => withClient(database.ownerUrl, async (owner) => (await owner.query(text)).rows)
/** Up to this moment, and a bit: the times of the provider are whole seconds. */
const compare = () => reconciliation.compare({ until: new Date(Date.now() + 2000) })
const found = async () => (await compare()).differences.map(({ kind, paymentId }) => [kind, paymentId])

async function paymentOf(contract: { id: string }, kind: string): Promise<string> {
  return (
    await sql(`SELECT id FROM payments WHERE contract_id = '${contract.id}' AND kind = '${kind}' ORDER BY id DESC`)
  )[0].id
}

test('where both sides agree there is no difference, and something was compared', async () => {
  const contract = await agree()
  await fund(contract)
  await step(worker, contract, 'cancellation')
  await until(async () => (await seen(contract)).status === 'refunded')
  // Both records of the provider, and both of ours.
  expect(await compare()).toMatchObject({ checked: 4, differences: [] })
})

test('a payment that ended there and not here is found, put right on command, and the command is written down', async () => {
  const contract = await agree()
  sandbox.fault({ do: 'drop', on: 'charge', times: 3 })
  expect((await fund(contract)).statusCode).toBe(202)
  const id = await paymentOf(contract, 'charge')
  expect(await found()).toEqual([['status', id]])
  expect(await reconciliation.settlePending(id)).toBe('succeeded')
  expect((await seen(contract)).status).toBe('funded')
  expect(await found()).toEqual([])
  const [row] = await sql(`SELECT after FROM audit_log WHERE action = 'payment.reconciled' AND object_id = '${id}'`)
  expect(row.after.plain).toEqual({ status: 'succeeded' })
  await expect(reconciliation.settlePending(id)).rejects.toMatchObject({ status: 409, code: 'PAYMENT_ENDED' })
})

test('a refund that was refused is found, and another one brings the money back', async () => {
  const contract = await agree()
  await fund(contract, { paymentMethod: 'pm_card_pendingRefund' })
  await step(worker, contract, 'cancellation')
  const isRefunding = async () => sandbox.objects('refund').some(({ status }) => status === 'pending')
  await until(isRefunding)
  sandbox.settle(refundThere(), false)
  const first = await paymentOf(contract, 'refund')
  await until(async () => (await statusOf(first)) === 'failed')
  expect(await found()).toEqual([['refund-refused', first]])
  const second = await reconciliation.refundAgain(first)
  await until(isRefunding)
  sandbox.settle(refundThere(), true)
  await until(async () => (await seen(contract)).status === 'refunded')
  expect([await statusOf(second), await found()]).toEqual(['succeeded', []])
  await expect(reconciliation.refundAgain(second)).rejects.toMatchObject({ code: 'REFUND_NOT_REFUSED' })
})

const refundThere = () => sandbox.objects('refund').find(({ status }) => status === 'pending')?.id ?? ''
const statusOf = async (id: string) => (await sql(`SELECT status FROM payments WHERE id = '${id}'`))[0].status

test('another amount, a payment that has no end, and one that only one side knows are found', async () => {
  const [other, stuck] = [await agree(), await agree()]
  await fund(other)
  const id = await paymentOf(other, 'charge')
  await sql(`UPDATE payments SET amount = amount + 1 WHERE id = '${id}'`)
  sandbox.fault({ do: 'fail', on: 'charge', times: 3 })
  await fund(stuck)
  const waiting = await paymentOf(stuck, 'charge')
  await sql(`UPDATE payments SET created_at = now() - interval '2 hours' WHERE id = '${waiting}'`)
  expect(await found()).toEqual([
    ['amount', id],
    ['stuck', waiting],
  ])
  await sql(`UPDATE payments SET amount = amount - 1 WHERE id = '${id}'`)
  const unknown = 'a-payment-of-somebody-else'
  await services.provider.charge({
    paymentId: unknown,
    contractId: 'c',
    amount: 5,
    currency: 'EUR',
    paymentMethod: 'pm_card_visa',
  })
  expect(await found()).toContainEqual(['unknown-here', unknown])
  await fetch(`${sandbox.url}/sandbox`, { method: 'DELETE' })
  const { rowCount } = await db.execute(`SELECT FROM payments WHERE status = 'succeeded'`)
  const kinds = (await found()).map(([kind]) => kind)
  expect(kinds.filter((kind) => kind === 'unknown-there')).toHaveLength(rowCount ?? 0)
  expect(rowCount).toBeGreaterThan(2)
})
