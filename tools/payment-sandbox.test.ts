import { afterAll, describe, expect, test, vi } from 'vitest'
import * as calls from '../test/payment-calls.ts'
import { type Body, card } from '../test/payment-calls.ts'
import { readForm } from './payment-sandbox/form.ts'
import { openPaymentSandbox } from './payment-sandbox.ts'

const sandbox = await openPaymentSandbox({ secretKey: 'sk_test_mine' })
afterAll(() => sandbox.close())

const post = (path: string, body: Body, options: { key?: string } = {}) =>
  calls.post(path, body, { ...options, url: sandbox.url })
const get = (path: string) => calls.get(path, sandbox.url)
const control = (method: string, path: string, body?: unknown) => calls.control(method, path, body, sandbox.url)
const charges = () => sandbox.objects('charge').length

test('a form is read with its names in brackets', () => {
  expect(readForm('a=1&metadata[paymentId]=2&metadata[x]=3&created[gte]=4&list[]=5')).toEqual({
    ...{ a: '1', metadata: { paymentId: '2', x: '3' }, created: { gte: '4' }, list: '5' },
  })
})

describe('charges', () => {
  test('a card pays at once, and is found by its group and by its id', async () => {
    const { status, body } = await post(
      '/v1/payment_intents',
      card({ transfer_group: 'mine', 'metadata[paymentId]': 'p1' }),
    )
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        object: 'payment_intent',
        status: 'succeeded',
        amount_received: 5000,
        currency: 'eur',
      }),
    ])
    const { body: list } = await get('/v1/charges?transfer_group=mine')
    expect(list).toMatchObject({
      ...{ object: 'list', has_more: false },
      data: [{ status: 'succeeded', payment_intent: body.id, metadata: { paymentId: 'p1' } }],
    })
    expect((await get(`/v1/payment_intents/${body.id}`)).body).toEqual(body)
  })

  test.each([
    ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_authenticationRequired', 'authentication_required', 'authentication_required'],
  ])('%s is declined as %s, and the declined charge is kept', async (payment_method, code, reason) => {
    const { status, body } = await post('/v1/payment_intents', card({ payment_method, transfer_group: payment_method }))
    expect([status, body.error]).toEqual([
      402,
      expect.objectContaining({ type: 'card_error', code, decline_code: reason }),
    ])
    expect((await get(`/v1/charges?transfer_group=${payment_method}`)).body.data).toMatchObject([{ status: 'failed' }])
  })

  test.each([
    [{ amount: '0' }, 'parameter_invalid_integer'],
    [{ amount: '-5' }, 'parameter_invalid_integer'],
    [{ amount: '12.5' }, 'parameter_invalid_integer'],
    [{ amount: '100000000' }, 'amount_too_large'],
    [{ currency: 'euro' }, undefined],
    [{ payment_method: 'pm_nobody' }, 'resource_missing'],
  ])('%j is refused, and nothing is charged', async (changes, code) => {
    const before = charges()
    const { status, body } = await post('/v1/payment_intents', card(changes as Body))
    expect([status, (body.error as { code?: string }).code]).toEqual([400, code])
    expect(charges()).toBe(before)
  })

  test('an intent is confirmed once', async () => {
    const { body } = await post('/v1/payment_intents', card({ confirm: 'false' }))
    expect(body.status).toBe('requires_confirmation')
    expect((await post(`/v1/payment_intents/${body.id}/confirm`, {})).body.status).toBe('succeeded')
    expect((await post(`/v1/payment_intents/${body.id}/confirm`, {})).status).toBe(400)
  })

  test('a bank takes its time: pending until it is settled', async () => {
    const { body } = await post('/v1/payment_intents', card({ payment_method: 'pm_usBankAccount' }))
    expect(body.status).toBe('processing')
    expect((await control('POST', '/settlements', { id: body.id, succeeds: false })).status).toBe(200)
    expect((await get(`/v1/payment_intents/${body.id}`)).body.status).toBe('requires_payment_method')
  })

  test('another key, no key and another route are refused', async () => {
    const headers = { authorization: 'Bearer sk_test_theirs' }
    expect((await fetch(`${sandbox.url}/v1/balance`, { headers })).status).toBe(401)
    expect((await fetch(`${sandbox.url}/v1/balance`)).status).toBe(401)
    expect((await get('/v1/customers')).status).toBe(404)
  })
})

describe('refunds and transfers', () => {
  test('a charge is given back in parts, and never more than was charged', async () => {
    const { body } = await post('/v1/payment_intents', card())
    const refund = (amount: string) => post('/v1/refunds', { payment_intent: String(body.id), amount })
    expect((await refund('2000')).body).toMatchObject({ object: 'refund', status: 'succeeded', amount: 2000 })
    expect((await refund('3001')).status).toBe(400)
    expect((await refund('3000')).status).toBe(200)
    expect((await refund('1')).body.error).toMatchObject({ code: 'charge_already_refunded' })
  })

  test('a transfer can’t be more than what charges cover, nor go to nobody', async () => {
    await post('/v1/payment_intents', card({ currency: 'chf' }))
    const transfer = (changes: Body) =>
      post('/v1/transfers', { amount: '5000', currency: 'chf', destination: 'acct_1', ...changes })
    expect((await transfer({ amount: '5001' })).body.error).toMatchObject({ code: 'balance_insufficient' })
    expect((await transfer({ destination: 'nobody' })).body.error).toMatchObject({ code: 'resource_missing' })
    expect((await transfer({ destination: 'acct_refused' })).body.error).toMatchObject({
      code: 'transfers_not_allowed',
    })
    expect((await transfer({})).body).toMatchObject({ object: 'transfer', destination: 'acct_1' })
    expect((await transfer({ amount: '1' })).status).toBe(400)
  })

  test('lists are read page by page, the newest first', async () => {
    for (const amount of ['1', '2', '3']) await post('/v1/payment_intents', card({ amount, transfer_group: 'pages' }))
    const first = (await get('/v1/charges?transfer_group=pages&limit=2')).body
    expect([first.data, first.has_more]).toEqual([
      [expect.objectContaining({ amount: 3 }), expect.objectContaining({ amount: 2 })],
      true,
    ])
    const last = first.data[1]?.id
    expect((await get(`/v1/charges?transfer_group=pages&limit=2&starting_after=${last}`)).body).toMatchObject({
      ...{ data: [{ amount: 1 }], has_more: false },
    })
    expect((await get('/v1/charges?created[lt]=1000')).body.data).toEqual([])
    expect((await get('/v1/charges?limit=101')).status).toBe(400)
  })
})

describe('keys', () => {
  test('a call that is repeated under its key is done once, and answered the same, a refusal too', async () => {
    const before = charges()
    const first = await post('/v1/payment_intents', card(), { key: 'once' })
    const second = await post('/v1/payment_intents', card(), { key: 'once' })
    expect([second.body, second.replayed, charges()]).toEqual([first.body, true, before + 1])
    const declined = card({ payment_method: 'pm_card_chargeDeclined' })
    const refused = await post('/v1/payment_intents', declined, { key: 'refused' })
    expect((await post('/v1/payment_intents', declined, { key: 'refused' })).body).toEqual(refused.body)
  })

  test('the same key for something else is refused', async () => {
    await post('/v1/payment_intents', card(), { key: 'first' })
    const other = await post('/v1/payment_intents', card({ amount: '1' }), { key: 'first' })
    expect([other.status, other.body.error]).toEqual([400, expect.objectContaining({ type: 'idempotency_error' })])
  })

  test('of many at once under one key, one is done, and the others wait their turn or are told 409', async () => {
    const before = charges()
    sandbox.fault({ do: 'slow', ms: 100, on: 'charge' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => post('/v1/payment_intents', card(), { key: 'many' })),
    )
    expect(charges()).toBe(before + 1)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]))
  })
})

describe('faults', () => {
  test.each([
    ['fail', 500],
    ['throttle', 429],
  ] as const)('%s is answered by %i, does nothing, and is not remembered under the key', async (fault, status) => {
    const before = charges()
    sandbox.fault({ do: fault })
    expect((await post('/v1/payment_intents', card(), { key: fault })).status).toBe(status)
    expect(charges()).toBe(before)
    expect((await post('/v1/payment_intents', card(), { key: fault })).status).toBe(200)
  })

  test('an answer that is dropped was work that is done', async () => {
    const before = charges()
    sandbox.fault({ do: 'drop', on: 'charge' })
    await expect(post('/v1/payment_intents', card(), { key: 'dropped' })).rejects.toThrow()
    expect(charges()).toBe(before + 1)
    expect((await post('/v1/payment_intents', card(), { key: 'dropped' })).replayed).toBe(true)
  })

  test.each([
    [false, 0],
    [true, 1],
  ])('a call that hangs, after its work: %s', async (after, done) => {
    const before = charges()
    sandbox.fault({ do: 'hang', after })
    const signal = AbortSignal.timeout(200)
    const body = new URLSearchParams(card())
    const headers = { authorization: 'Bearer sk_test_mine', 'idempotency-key': `hung-${after}` }
    await expect(
      fetch(`${sandbox.url}/v1/payment_intents`, { method: 'POST', headers, body, signal }),
    ).rejects.toThrow()
    expect(charges()).toBe(before + done)
    const again = await vi.waitFor(async () => {
      const answer = await post('/v1/payment_intents', card(), { key: `hung-${after}` })
      expect(answer.status).toBe(200)
      return answer
    })
    expect([again.replayed, charges()]).toEqual([after, before + 1])
  })

  test('a charge is declined on request, and only as often as it was said', async () => {
    await control('POST', '/faults', { do: 'decline', on: 'charge', times: 2 })
    const statuses = [await post('/v1/payment_intents', card()), await post('/v1/payment_intents', card())]
    expect(statuses.map(({ status }) => status)).toEqual([402, 402])
    expect((await post('/v1/payment_intents', card())).status).toBe(200)
  })

  test('one that there is not is refused, and those that wait can be seen and ended', async () => {
    expect((await control('POST', '/faults', { do: 'explode' })).status).toBe(400)
    expect((await control('GET', '/nowhere')).status).toBe(404)
    await control('POST', '/faults', { do: 'fail', on: 'payout', times: 7 })
    expect((await control('GET', '/faults')).body).toMatchObject([{ do: 'fail', left: 7 }])
    await control('DELETE', '/faults')
    expect((await control('GET', '/faults')).body).toEqual([])
  })

  test('every call is seen, with its key', async () => {
    await control('DELETE', '/calls')
    await post('/v1/payment_intents', card(), { key: 'seen' })
    expect((await control('GET', '/calls')).body).toMatchObject([{ kind: 'charge', key: 'seen', status: 200 }])
  })
})

test('people see what is in it, with nothing of a stranger taken for markup', async () => {
  await post('/v1/payment_intents', card({ 'metadata[paymentId]': '<script>alert(1)</script>' }))
  const page = await fetch(sandbox.url)
  const text = await page.text()
  expect([page.status, text.includes('<script>'), text.includes('&#60;script&#62;')]).toEqual([200, false, true])
  expect(text).toContain('pm_card_visa')
})
