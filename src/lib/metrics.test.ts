import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

const lineOf = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name))

test('what is timed has a duration by outcome, and its error is thrown on', async () => {
  const metrics = createMetrics()
  expect(await metrics.timed('letter', async () => 'sent')).toBe('sent')
  await expect(metrics.timed('letter', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  expect(await lineOf(metrics, 'seaworthy_timed_duration_seconds_count')).toEqual([
    'seaworthy_timed_duration_seconds_count{name="letter",outcome="success"} 1',
    'seaworthy_timed_duration_seconds_count{name="letter",outcome="failure"} 1',
  ])
})

test('values that lie elsewhere are asked for once a scrape, and have no sample while that fails', async () => {
  const metrics = createMetrics()
  let asked = 0
  let answer = async () => ({ here_jobs: [{ labels: { queue: 'mail' }, value: 3 }], here_age_seconds: [{ value: 0 }] })
  const about = { here_jobs: { help: 'Jobs', labelNames: ['queue'] }, here_age_seconds: { help: 'Age' } }
  metrics.asked('here', about, () => {
    asked += 1
    return answer()
  })
  expect(await lineOf(metrics, 'here_')).toEqual(['here_jobs{queue="mail"} 3', 'here_age_seconds 0'])
  expect(asked).toBe(1)
  answer = () => Promise.reject(new Error('away'))
  expect(await lineOf(metrics, 'here_')).toEqual([])
  expect(await lineOf(metrics, 'seaworthy_scrape_failures_total')).toEqual([
    'seaworthy_scrape_failures_total{name="here"} 1',
  ])
})

test('a scrape does not wait longer than a second or so for what hangs', async () => {
  const metrics = createMetrics()
  metrics.asked('hangs', { never: { help: 'Never' } }, () => new Promise<never>(() => {}))
  const start = performance.now()
  expect(await lineOf(metrics, 'never')).toEqual([])
  expect(performance.now() - start).toBeLessThan(5000)
})

test('a gauge that throws costs one scrape, and not the process', async () => {
  const metrics = createMetrics()
  const server = createServer((_request, answer) => metrics.serve(answer)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const scrape = () => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  let broken = true
  metrics.gauge({
    name: 'here_gauge',
    help: 'Any',
    collect() {
      if (broken) throw new Error('broken')
      this.set(1)
    },
  })
  expect((await scrape()).status).toBe(500)
  broken = false
  expect([await (await scrape()).text()]).toEqual([expect.stringContaining('here_gauge 1')])
  server.close()
})
