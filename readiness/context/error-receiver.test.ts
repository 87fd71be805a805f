import { expect, test } from 'vitest'
import { openErrorReceiver } from './error-receiver.ts'

test('the events of an envelope are read, and every byte of it is kept', async () => {
  const receiver = await openErrorReceiver()
  const event = { release: 'seaworthy@1.2.3', environment: 'test', tags: { requestId: 'r-12345678' } }
  const items = [{ type: 'client_report' }, { discarded_events: [] }, { type: 'event' }, event]
  const body = [{ sent_at: '2026-01-01T00:00:00Z' }, ...items].map((line) => JSON.stringify(line)).join('\n')
  const url = `${new URL(receiver.dsn).origin}/api/1/envelope/?sentry_key=public`
  expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
  expect((await fetch(`${new URL(receiver.dsn).origin}/elsewhere`, { method: 'POST', body })).status).toBe(200)
  expect(receiver.events()).toEqual([event])
  expect(receiver.said()).toContain('discarded_events')
  await receiver.close()
})
