// The service with a payment sandbox of the file's own, and contracts to pay.
import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import type { Contract } from '../src/modules/contracts/contracts.schemas.ts'
import { openPaymentSandbox } from '../tools/payment-sandbox.ts'
import { buildTestApp, type Person } from './app.ts'
import { newJob } from './builders.ts'
import { environment } from './environment.ts'

type Options = Pick<NonNullable<Parameters<typeof buildTestApp>[0]>, 'env' | 'way'>

/** Options as of buildTestApp. Webhooks are not sent unless a test says where to. */
export async function buildMoneyApp({ env = {}, way }: Options = {}) {
  const secret = environment('').PAYMENTS_WEBHOOK_SECRETS
  const sandbox = await openPaymentSandbox({ webhook: { secret } })
  const parts = await buildTestApp({
    ...(way && { way }),
    env: { PAYMENTS_URL: sandbox.url, RELEASE_AFTER_SECONDS: '0', ...env },
  })
  afterAll(() => sandbox.close())
  const { call, signUp, services, db } = parts
  const [admin, client, worker] = [await signUp('admin'), await signUp('client'), await signUp('worker')]

  return { ...parts, sandbox, secret, admin, client, worker, agree, step, fund, payOut, seen, until }

  /** A new contract, which is not paid yet. */
  async function agree(price = newJob().budget, parties = { client, worker }): Promise<Contract> {
    const { jobs, applications } = services
    const { id } = await jobs.create(parties.client, newJob({ budget: price }))
    await jobs.publish(parties.client, id)
    const application = await applications.apply(parties.worker, id, { coverLetter: 'Me' })
    return applications.accept(parties.client, application.id)
  }

  /** One step of a contract, over HTTP. */
  async function step(as: Person, { id }: { id: string }, name: string, body?: unknown, key: string = randomUUID()) {
    return call('POST', `/v1/contracts/${id}/${name}`, { as, body, headers: { 'idempotency-key': key } })
  }

  function fund(contract: { id: string }, { paymentMethod = 'pm_card_visa', key = randomUUID() as string } = {}) {
    return step(client, contract, 'funding', { paymentMethod }, key)
  }

  function payOut(amount: number, { destination = 'acct_worker', key = randomUUID() as string, as = worker } = {}) {
    const body = { amount: { ...newJob().budget, amount }, destination }
    return call('POST', '/v1/me/payouts', { as, body, headers: { 'idempotency-key': key } })
  }

  async function seen({ id }: { id: string }): Promise<Contract> {
    return (await call('GET', `/v1/contracts/${id}`, { as: admin })).json()
  }

  /** Tries what is due until it is so. */
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; !(await isSo()); turn++) {
      if (turn === 200) throw new Error('It did not come to that')
      await db.execute(`UPDATE payments SET next_try_at = now() WHERE status = 'pending' AND tries > 0`)
      await services.payments.tryDue()
    }
  }
}
