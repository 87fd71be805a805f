import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { openErrorReports } from './error-reports.ts'

type Event = {
  exception: { values: { type: string; value: string; stacktrace: { frames: unknown[] } }[] }
  [name: string]: unknown
}
const events: Event[] = []
const arrivals = createServer(async (message, answer) => {
  // An envelope: a line of its own, then a line of its item, then the item.
  const [, , item = '{}'] = (await text(message)).split('\n')
  events.push(JSON.parse(item))
  answer.writeHead(200).end('{}')
})
await once(arrivals.listen(0, '127.0.0.1'), 'listening')
afterAll(() => arrivals.close())

const dsn = `http://public@127.0.0.1:${(arrivals.address() as AddressInfo).port}/1`
const options = { dsn, release: 'seaworthy@1.2.3', deployment: 'staging', service: 'seaworthy-api' }

test('an error arrives with release, environment, request, user and trace, and with nothing that a log line would not say', async () => {
  const reports = await openErrorReports(options)
  const error = new Error('for ada@example.com: invalid input syntax for type uuid: "4111 1111 1111 1111"')
  const trace = { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' }
  reports.report(error, {
    requestId: 'r-12345678',
    userId: 'u-1',
    operation: 'createJob',
    secretThing: 'hush',
    ...trace,
  })
  await reports.close()
  const [event] = events.splice(0)
  expect(event).toMatchObject({
    release: 'seaworthy@1.2.3',
    environment: 'staging',
    user: { id: 'u-1' },
    tags: { requestId: 'r-12345678', operation: 'createJob', service: 'seaworthy-api' },
    contexts: { trace },
  })
  expect(event?.exception.values[0]).toMatchObject({
    type: 'Error',
    value: 'for [address]: invalid input syntax for type uuid: "[value]"',
  })
  expect(event?.exception.values[0]?.stacktrace.frames.length).toBeGreaterThan(0)
  expect(JSON.stringify(event)).not.toMatch(/4111|ada@|hush|[^a-z]ip_address/)
})

test('of a flood twenty a second are sent', async () => {
  const reports = await openErrorReports(options)
  for (let turn = 0; turn < 200; turn++) reports.report(new Error('again'), {})
  await reports.close()
  expect(events.splice(0).length).toBeLessThanOrEqual(40)
})

test('without a DSN nobody is called', async () => {
  const reports = await openErrorReports({ ...options, dsn: undefined })
  reports.report(new Error('quiet'), {})
  await reports.close()
  expect(events).toEqual([])
})
