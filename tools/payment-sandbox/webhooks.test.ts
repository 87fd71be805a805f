import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { card, control, get, post } from '../../test/payment-calls.ts'
import { start } from '../../test/process.ts'
import { openPaymentSandbox } from '../payment-sandbox.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-payments-'))
afterAll(() => rm(folder, { recursive: true }))

/** Answers 500 as often as it is told, then 200; keeps what it was sent. */
async function openReceiver(refusals = 0) {
  const got: { type: string; id: string; signature: string; text: string }[] = []
  let left = refusals
  const server = createServer(async (request, answer) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { id, type } = JSON.parse(text)
    got.push({ id, type, text, signature: String(request.headers['stripe-signature']) })
    answer.writeHead(left-- > 0 ? 500 : 200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got }
}

const open = async (webhook: Parameters<typeof openPaymentSandbox>[0] & object) => {
  const made = await openPaymentSandbox(webhook)
  afterAll(() => made.close())
  return made
}

test('an event is sent again until somebody takes it', async () => {
  const { url, got } = await openReceiver(2)
  const own = await open({ webhook: { url } })
  await post('/v1/payment_intents', card(), { url: own.url, key: 'k' })
  await vi.waitFor(() => expect(own.events()).toMatchObject([{ tries: [500, 500, 200] }]), { timeout: 5000 })
  expect(new Set(got.map(({ text }) => text)).size).toBe(1)
  expect(JSON.parse(got[0]?.text ?? '')).toMatchObject({
    ...{ object: 'event', type: 'payment_intent.succeeded', request: { idempotency_key: 'k' } },
    data: { object: { object: 'payment_intent', status: 'succeeded' } },
  })
})

test('events come twice, late and out of order on request, and again by hand', async () => {
  const { url, got } = await openReceiver()
  const own = await open({ webhook: { url, copies: 2, mixed: true, late: 50 } })
  await post('/v1/payment_intents', card(), { url: own.url })
  await post('/v1/payment_intents', card({ payment_method: 'pm_card_chargeDeclined' }), { url: own.url })
  await vi.waitFor(() => expect(got).toHaveLength(4), { timeout: 5000 })
  expect(got.map(({ type }) => type)).toEqual([
    ...['payment_intent.payment_failed', 'payment_intent.payment_failed'],
    ...['payment_intent.succeeded', 'payment_intent.succeeded'],
  ])
  await control('PUT', '/webhooks', { copies: 1, mixed: false, late: 0 }, own.url)
  await control('POST', '/webhooks/repeats', { id: got[0]?.id }, own.url)
  await vi.waitFor(() => expect(got).toHaveLength(5))
})

test('what nobody took before a restart is sent after it', async () => {
  const file = join(folder, 'webhooks.jsonl')
  const before = await openPaymentSandbox({ file })
  await post('/v1/payment_intents', card(), { url: before.url })
  await before.close()
  const { url, got } = await openReceiver()
  await open({ file, webhook: { url } })
  await vi.waitFor(() => expect(got).toMatchObject([{ type: 'payment_intent.succeeded' }]))
})

test('what was answered is there after kill -9, with its key; half a line at the end is left out', async () => {
  const file = join(folder, 'killed.jsonl')
  const open = async () => {
    const running = await start(['tools/payment-sandbox.ts', '--port', '0', '--file', file], { env: {} })
    const [url = ''] = await running.until(/http:\/\/[\d.:]+/)
    return { running, url }
  }
  const first = await open()
  const answered = await post('/v1/payment_intents', card(), { key: 'kept', url: first.url })
  first.running.child.kill('SIGKILL')
  await first.running.ended
  await appendFile(file, '{"objects":[{"id":"ch_half"')
  const second = await open()
  expect(await post('/v1/payment_intents', card(), { key: 'kept', url: second.url })).toEqual({
    ...answered,
    replayed: true,
  })
  expect((await get('/v1/charges', second.url)).body.data).toHaveLength(1)
  await post('/v1/payment_intents', card(), { url: second.url })
  second.running.child.kill('SIGTERM')
  expect((await second.running.ended).code).toBe(0)
  const third = await open()
  expect((await get('/v1/charges', third.url)).body.data).toHaveLength(2)
  third.running.child.kill('SIGTERM')
  await third.running.ended
})
