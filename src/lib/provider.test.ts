import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { signatureOf } from '../../tools/payment-sandbox/webhooks.ts'
import { openPaymentSandbox } from '../../tools/payment-sandbox.ts'
import { createMetrics } from './metrics.ts'
import { createOutside } from './outside.ts'
import { createProvider } from './provider.ts'

const sandbox = await openPaymentSandbox()
afterAll(() => sandbox.close())
beforeEach(() => sandbox.heal())
const settings = {
  url: sandbox.url,
  secretKey: 'sk_test_any',
  webhookSecrets: ['whsec_new', 'whsec_old'],
  timeout: 1000,
  atOnce: 5,
}

function open(changes: Partial<typeof settings> = {}, { failures = 100, openFor = 60_000 } = {}) {
  const outside = createOutside({ metrics: createMetrics(), failures, openFor })
  return createProvider({ ...settings, ...changes, outside })
}

/** A UUIDv7 of now, as ids of ours are. */
const newId = () =>
  `${Date.now()
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}-7${randomUUID().slice(15)}`
const charge = (changes: object = {}) => ({
  ...{ paymentId: newId(), contractId: newId(), amount: 5000, currency: 'EUR', paymentMethod: 'pm_card_visa' },
  ...changes,
})
const provider = open()
const callsFor = (paymentId: string) => sandbox.calls().filter(({ key }) => key?.endsWith(paymentId))
const chargesFor = (id: string) => sandbox.objects('charge').filter(({ metadata }) => metadata.paymentId === id)

describe('what is done', () => {
  test('a card is charged once, however often it is asked for, and found by our id', async () => {
    const asked = charge()
    const first = await provider.charge(asked)
    expect(first).toEqual({ status: 'succeeded', providerId: expect.stringMatching(/^pi_/) })
    expect([await provider.charge(asked), await provider.find('charge', asked.paymentId)]).toEqual([first, first])
    expect(chargesFor(asked.paymentId)).toMatchObject([{ amount: 5000, currency: 'eur' }])
    expect(callsFor(asked.paymentId).map(({ key }) => key)).toEqual([
      ...[`seaworthy-charge-${asked.paymentId}`, `seaworthy-charge-${asked.paymentId}`],
    ])
  })

  test.each([
    ['pm_card_chargeDeclined', 'card_declined'],
    ['pm_card_authenticationRequired', 'authentication_required'],
  ])('%s has failed for good, with the reason', async (paymentMethod, reason) => {
    const asked = charge({ paymentMethod })
    const failed = { status: 'failed', providerId: expect.stringMatching(/^pi_/), reason }
    expect(await provider.charge(asked)).toEqual(failed)
    expect(await provider.find('charge', asked.paymentId)).toEqual(failed)
  })

  test('what the provider can’t take has failed, and nothing is found', async () => {
    const asked = charge({ amount: 1_000_000_000 })
    expect(await provider.charge(asked)).toEqual({ status: 'failed', reason: 'amount_too_large' })
    expect(await provider.find('charge', asked.paymentId)).toBeUndefined()
  })

  test('a bank takes its time', async () => {
    const asked = charge({ paymentMethod: 'pm_usBankAccount' })
    const pending = await provider.charge(asked)
    expect(pending).toMatchObject({ status: 'pending' })
    sandbox.settle(pending.providerId ?? '')
    expect(await provider.find('charge', asked.paymentId)).toEqual({ ...pending, status: 'succeeded' })
  })

  test('a charge is given back in part, and money is sent to a worker', async () => {
    const { providerId: chargeId = '' } = await provider.charge(charge())
    const [refund, payout] = [
      { paymentId: newId(), chargeId, amount: 2000 },
      { paymentId: newId(), amount: 3000 },
    ]
    const back = await provider.refund(refund)
    expect(back).toEqual({ status: 'succeeded', providerId: expect.stringMatching(/^re_/) })
    expect(await provider.find('refund', refund.paymentId)).toEqual(back)
    expect(await provider.find('refund', refund.paymentId, chargeId)).toEqual(back)
    expect(await provider.refund({ ...refund, paymentId: newId(), amount: 3001 })).toMatchObject({ status: 'failed' })
    const paid = await provider.payOut({ ...payout, currency: 'EUR', destination: 'acct_1' })
    expect(paid).toEqual({ status: 'succeeded', providerId: expect.stringMatching(/^tr_/) })
    expect(await provider.find('payout', payout.paymentId)).toEqual(paid)
    const refused = { paymentId: newId(), amount: 1, currency: 'EUR', destination: 'acct_refused' }
    expect(await provider.payOut(refused)).toEqual({ status: 'failed', reason: 'transfers_not_allowed' })
    expect(await provider.find('payout', refused.paymentId)).toBeUndefined()
  })

  test('all that was done in a time is listed, over many pages', async () => {
    const own = await openPaymentSandbox()
    const theirs = open({ url: own.url })
    for (let turn = 0; turn < 101; turn++) await theirs.charge(charge({ amount: turn + 1, currency: 'JPY' }))
    const seen = []
    for await (const one of theirs.list({ since: new Date(Date.now() - 60_000), until: new Date(Date.now() + 60_000) }))
      seen.push(one)
    expect(seen).toHaveLength(101)
    expect(seen[0]).toEqual({
      ...{ kind: 'charge', providerId: expect.stringMatching(/^pi_/), paymentId: expect.any(String), amount: 101 },
      ...{ currency: 'JPY', status: 'succeeded', at: expect.stringMatching(/Z$/) },
    })
    const before = []
    for await (const one of theirs.list({ since: new Date(0), until: new Date(1_000_000) })) before.push(one)
    expect(before).toEqual([])
    await own.close()
  })
})

describe('what leaves us unsure', () => {
  test.each(['fail', 'throttle', 'drop'] as const)(
    'after one %s it is tried again, and charged once',
    async (fault) => {
      const asked = charge()
      sandbox.fault({ do: fault, on: 'charge' })
      expect(await provider.charge(asked)).toMatchObject({ status: 'succeeded' })
      expect([chargesFor(asked.paymentId).length, callsFor(asked.paymentId).length]).toEqual([1, 2])
    },
  )

  test('with every answer lost it is thrown, and found later: one charge', async () => {
    const asked = charge()
    sandbox.fault({ do: 'drop', on: 'charge', times: 3 })
    await expect(provider.charge(asked)).rejects.toThrow('did not do it, or did not say so')
    expect([chargesFor(asked.paymentId).length, callsFor(asked.paymentId).length]).toEqual([1, 3])
    expect(await provider.find('charge', asked.paymentId)).toMatchObject({ status: 'succeeded' })
  })

  test.each([false, true])(
    'a call that hangs ends with its time, and is not repeated; after its work: %s',
    async (after) => {
      const asked = charge()
      sandbox.fault({ do: 'hang', on: 'charge', after })
      const start = performance.now()
      await expect(open({ timeout: 300 }).charge(asked)).rejects.toThrow('300ms')
      expect(performance.now() - start).toBeLessThan(2000)
      expect([callsFor(asked.paymentId).length, chargesFor(asked.paymentId).length]).toEqual([1, after ? 1 : 0])
      expect(await provider.charge(asked)).toMatchObject({ status: 'succeeded' })
      expect(chargesFor(asked.paymentId)).toHaveLength(1)
    },
  )

  test('the same id for another amount is not taken for a refusal: money may have moved', async () => {
    const asked = charge()
    await provider.charge(asked)
    await expect(provider.charge({ ...asked, amount: 1 })).rejects.toThrow('400')
  })

  test('a key that the provider does not take says nothing of the payment', async () => {
    const own = await openPaymentSandbox({ secretKey: 'sk_test_other' })
    const theirs = open({ url: own.url })
    await expect(theirs.charge(charge())).rejects.toThrow('401')
    theirs.use({ secretKey: 'sk_test_other', webhookSecrets: [] })
    expect(await theirs.charge(charge())).toMatchObject({ status: 'succeeded' })
    await own.close()
  })

  test('errors carry nothing of the key', async () => {
    sandbox.fault({ do: 'fail', times: 3 })
    const error = await provider.charge(charge()).catch((thrown) => thrown)
    expect(JSON.stringify([error, error.message, error.stack, Object.values(error)])).not.toContain('sk_test_any')
  })
})

describe('the breaker', () => {
  test('opens after five failures: 503 at once and no call, while a decline is no failure', async () => {
    const own = open({}, { failures: 5 })
    for (let turn = 0; turn < 6; turn++) await own.charge(charge({ paymentMethod: 'pm_card_chargeDeclined' }))
    expect(own.isOpen()).toBe(false)
    sandbox.fault({ do: 'fail', times: 50 })
    for (let turn = 0; turn < 2; turn++) await own.charge(charge()).catch(() => {})
    expect(own.isOpen()).toBe(true)
    const calls = sandbox.calls().length
    await expect(own.charge(charge())).rejects.toMatchObject({
      ...{ status: 503, code: 'PAYMENTS_UNAVAILABLE', headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) } },
    })
    expect(sandbox.calls()).toHaveLength(calls)
  })

  test('a provider that is not there is a failure at once', async () => {
    await expect(open({ url: 'http://127.0.0.1:1' }).charge(charge())).rejects.toThrow(
      'did not do it, or did not say so',
    )
  })
})

describe('webhooks', () => {
  const event = (type: string, object: object) =>
    JSON.stringify({ id: 'evt_1', object: 'event', type, created: 1_700_000_000, data: { object } })
  const read = (text: string, signature: string | undefined) => provider.readEvent(Buffer.from(text), signature)
  const paid = event('payment_intent.succeeded', {
    ...{ id: 'pi_1', object: 'payment_intent', status: 'succeeded', metadata: { paymentId: 'p1' } },
  })

  test.each(['whsec_new', 'whsec_old'])('what %s signed is read', async (secret) => {
    expect(await read(paid, signatureOf(secret, paid))).toEqual({
      ...{ id: 'evt_1', type: 'payment_intent.succeeded', at: '2023-11-14T22:13:20.000Z' },
      ...{ kind: 'charge', paymentId: 'p1', outcome: { status: 'succeeded', providerId: 'pi_1' } },
    })
  })

  const now = Math.floor(Date.now() / 1000)
  test.each([
    ['another secret', signatureOf('whsec_other', paid)],
    ['another body', signatureOf('whsec_new', `${paid} `)],
    ['five minutes ago and more', signatureOf('whsec_new', paid, now - 310)],
    ['nobody', undefined],
    ['nothing', ''],
    ['nonsense', 't=,v1=x'],
    ['an older scheme', signatureOf('whsec_new', paid).replace('v1', 'v0')],
  ])('what is signed by %s is refused', async (_, signature) => {
    await expect(read(paid, signature)).rejects.toMatchObject({ status: 400, code: 'WEBHOOK_SIGNATURE_INVALID' })
  })

  test('what is signed and no JSON is refused too', async () => {
    await expect(read('nonsense', signatureOf('whsec_new', 'nonsense'))).rejects.toMatchObject({ status: 400 })
  })

  test.each<[string, object, object]>([
    [
      'payment_intent.payment_failed',
      { id: 'pi_1', status: 'requires_payment_method', last_payment_error: { code: 'card_declined' }, metadata: {} },
      { kind: 'charge', outcome: { status: 'failed', providerId: 'pi_1', reason: 'card_declined' } },
    ],
    [
      'refund.failed',
      { id: 're_1', status: 'failed', failure_reason: 'lost_or_stolen_card', metadata: { paymentId: 'p' } },
      {
        kind: 'refund',
        paymentId: 'p',
        outcome: { status: 'failed', providerId: 're_1', reason: 'lost_or_stolen_card' },
      },
    ],
    [
      'transfer.reversed',
      { id: 'tr_1', reversed: true, metadata: { paymentId: 'p' } },
      { kind: 'payout', paymentId: 'p', outcome: { status: 'failed', providerId: 'tr_1', reason: 'reversed' } },
    ],
    ['payment_intent.created', { id: 'pi_1', status: 'requires_payment_method', metadata: { paymentId: 'p' } }, {}],
    ['customer.created', { id: 'cus_1' }, {}],
  ])('%s says what became of it, or nothing', async (type, object, said) => {
    const text = event(type, object)
    const about = { id: 'evt_1', type, at: '2023-11-14T22:13:20.000Z' }
    expect(await read(text, signatureOf('whsec_new', text))).toEqual({ ...about, ...said })
  })
})
