import { expect, test } from 'vitest'
import { buildMoneyApp } from '../../../test/money.ts'
import { withClient } from '../../../tools/create-database.ts'
import { type ContractStatus, transitions } from '../contracts/lifecycle.ts'
import { feeOf } from './movements.ts'

const app = await buildMoneyApp()
const { agree, step, fund, seen, until, client, worker, admin, services, database, sandbox } = app
const wallet = async (of: { id: string }) => (await services.ledger.wallet(of.id))[0]

test('a contract is paid, delivered, approved and released, and the worker has the price less the fee', async () => {
  const contract = await agree({ amount: 10_009, currency: 'EUR' })
  const paid = await fund(contract)
  expect(paid.statusCode).toBe(201)
  expect(paid.json()).toMatchObject({ kind: 'charge', status: 'succeeded', contractId: contract.id })
  expect(paid.headers.location).toBe(`/v1/payments/${paid.json().id}`)
  expect(await wallet(client)).toMatchObject({ held: 10_009 })
  expect((await step(worker, contract, 'delivery')).json()).toMatchObject({ status: 'delivered' })
  expect((await step(client, contract, 'approval')).json()).toMatchObject({ status: 'approved' })
  expect(await services.escrow.release()).toBe(1)
  expect(await seen(contract)).toMatchObject({ status: 'released', endedAt: expect.any(String) })
  expect(await wallet(client)).toMatchObject({ held: 0 })
  // 10 % of 100.09, rounded down to a whole cent.
  expect(await wallet(worker)).toMatchObject({ available: 10_009 - 1_000 })
})

test('the fee is rounded down, and exact where floating point is not', () => {
  expect([feeOf(1, 9999), feeOf(10_009, 1000), feeOf(999_999_999_999, 4999)]).toEqual([0, 1000, 499_899_999_999])
})

test('a step that the state does not have is refused, and the refusal names those that it has', async () => {
  const contract = await agree()
  expect((await step(worker, contract, 'delivery')).json()).toMatchObject({
    status: 409,
    code: 'CONTRACT_STATE',
    detail: "The contract is accepted, so it can't become delivered: only funding or cancelled",
  })
  await step(client, contract, 'cancellation')
  expect((await fund(contract)).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('this is its end'),
  })
})

test('a contract is funded once, whoever asks at the same time', async () => {
  const contract = await agree()
  const answers = await Promise.all(Array.from({ length: 8 }, () => fund(contract)))
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(7).fill(409)])
  expect(sandbox.objects('charge').filter(({ metadata }) => metadata.contractId === contract.id)).toHaveLength(1)
})

test('of two approvals at once one counts, and the money is released once by any number of sweeps', async () => {
  const contract = await agree()
  await fund(contract)
  await step(worker, contract, 'delivery')
  const answers = await Promise.all([step(client, contract, 'approval'), step(client, contract, 'approval')])
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409])
  const before = (await wallet(worker))?.available ?? 0
  const counts = await Promise.all(Array.from({ length: 5 }, () => services.escrow.release()))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
  expect((await wallet(worker))?.available).toBe(before + 378_000)
})

test('what is disputed is not released, until an admin decides: a split gives each a part', async () => {
  const contract = await agree({ amount: 1000, currency: 'USD' })
  await fund(contract)
  await step(worker, contract, 'delivery')
  await step(client, contract, 'approval')
  const disputed = await step(client, contract, 'dispute', { reason: 'It still squeaks' })
  expect(disputed.json()).toMatchObject({
    status: 'disputed',
    disputedBy: client.id,
    disputeReason: 'It still squeaks',
  })
  expect(await services.escrow.release()).toBe(0)
  await expect(services.escrow.resolve(admin, contract.id, { outcome: 'split', workerAmount: 1000 })).rejects.toThrow()
  const decision = { outcome: 'split', workerAmount: 400 } as const
  const resolved = await services.escrow.resolve(admin, contract.id, decision)
  expect(resolved).toMatchObject({ status: 'resolved', workerShare: 400 })
  const inDollars = async (of: { id: string }) =>
    (await services.ledger.wallet(of.id)).find((one) => one.currency === 'USD')
  expect(await inDollars(worker)).toMatchObject({ available: 360 })
  expect(await inDollars(client)).toMatchObject({ held: 0, reserved: 600 })
  await until(async () => (await inDollars(client))?.reserved === 0)
  expect(sandbox.objects('refund').map(({ amount }) => amount)).toContain(600)
})

test('of a release and a dispute at once one counts, and the money goes where the contract says', async () => {
  for (let turn = 0; turn < 5; turn++) {
    const contract = await agree()
    await fund(contract)
    await step(worker, contract, 'delivery')
    await step(client, contract, 'approval')
    const before = (await wallet(worker))?.available ?? 0
    const [disputed, released] = await Promise.all([
      step(client, contract, 'dispute', { reason: 'Wait' }),
      services.escrow.release(),
    ])
    const { status } = await seen(contract)
    const gain = ((await wallet(worker))?.available ?? 0) - before
    const outcome = [status, disputed.statusCode, released, gain]
    expect([
      ['released', 409, 1, 378_000],
      ['disputed', 200, 0, 0],
    ]).toContainEqual(outcome)
  }
})

test('a worker who cancels what is funded gives the price back; a client can only dispute', async () => {
  const contract = await agree({ amount: 777, currency: 'EUR' })
  await fund(contract)
  expect((await step(client, contract, 'cancellation')).json()).toMatchObject({ status: 409, code: 'CONTRACT_FUNDED' })
  expect((await step(worker, contract, 'cancellation')).json()).toMatchObject({ status: 'cancelled', endedAt: null })
  await until(async () => (await seen(contract)).status === 'refunded')
  expect(await seen(contract)).toMatchObject({ endedAt: expect.any(String) })
  expect(await wallet(client)).toMatchObject({ reserved: 0 })
  expect((await step(worker, contract, 'cancellation')).json()).toMatchObject({ code: 'CONTRACT_STATE' })
})

test('a contract that nobody paid for lapses after 14 days, and no sooner', async () => {
  const [old, young] = [await agree(), await agree()]
  const later = `UPDATE contracts SET created_at = now() - interval '14 days 1 second' WHERE id = '${old.id}'`
  await withClient(database.ownerUrl, (owner) => owner.query(later))
  expect(await services.escrow.lapse()).toBe(1)
  expect([(await seen(old)).status, (await seen(young)).status]).toEqual(['cancelled', 'accepted'])
})

test('neither a stranger nor the other party can take a step, and no body means what it does not say', async () => {
  const contract = await agree()
  const other = await app.signUp('worker')
  expect((await step(other, contract, 'delivery')).json()).toMatchObject({ status: 404, code: 'CONTRACT_NOT_FOUND' })
  expect((await step(worker, contract, 'approval')).statusCode).toBe(403)
  expect((await step(client, contract, 'dispute', { reason: '' })).statusCode).toBe(400)
  expect((await step(client, contract, 'funding', { paymentMethod: '4242424242424242' })).statusCode).toBe(400)
})

test('the database has the same table of steps as the code, and refuses every other one', async () => {
  const { id } = await agree()
  const states = Object.keys(transitions) as ContractStatus[]
  const taken = await withClient(database.ownerUrl, async (owner) => {
    // Only the rule about the step is looked at, not those about what a state needs.
    await owner.query('BEGIN')
    const checks = await owner.query(
      `SELECT conname FROM pg_constraint WHERE conrelid = 'contracts'::regclass AND contype = 'c' AND conname <> 'contracts_status_known'`,
    )
    for (const { conname } of checks.rows) await owner.query(`ALTER TABLE contracts DROP CONSTRAINT ${conname}`)
    const steps: [ContractStatus, ContractStatus][] = []
    for (const from of states)
      for (const to of states) {
        await owner.query('SAVEPOINT step')
        await owner.query('ALTER TABLE contracts DISABLE TRIGGER contracts_legal_path')
        await owner.query('UPDATE contracts SET status = $1 WHERE id = $2', [from, id])
        await owner.query('ALTER TABLE contracts ENABLE TRIGGER contracts_legal_path')
        const update = owner.query('UPDATE contracts SET status = $1 WHERE id = $2', [to, id])
        if (
          from !== to &&
          (await update.then(
            () => true,
            () => false,
          ))
        )
          steps.push([from, to])
        else await update.catch(() => {})
        await owner.query('ROLLBACK TO step')
      }
    await owner.query('ROLLBACK')
    return steps
  })
  expect(taken).toEqual(
    states.flatMap((from) => states.flatMap((to) => (transitions[from].includes(to) ? [[from, to]] : []))),
  )
})

test('who has money here, or a contract that runs, can not be erased', async () => {
  const answer = await app.call('DELETE', '/v1/me', { as: worker, body: { password: worker.password } })
  expect(answer.json()).toMatchObject({ status: 409, code: 'OBLIGATIONS_OPEN' })
  expect(answer.json().detail).toContain('There is money of yours here, in EUR')
})
