import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { createMetrics } from './metrics.ts'
import { createOutside, Unavailable } from './outside.ts'

const code = 'WEATHER_UNAVAILABLE'
const away = () => Promise.reject(new Error('away'))
const well = async () => 'well'

function open({
  openFor = 60_000,
  failures = 5,
  ...settings
}: Partial<Parameters<ReturnType<typeof createOutside>['guard']>[1]> & { openFor?: number; failures?: number } = {}) {
  const metrics = createMetrics()
  const outside = createOutside({ metrics, failures, openFor })
  return { metrics, outside, guard: outside.guard('weather', { code, atOnce: 10, ...settings }) }
}

/** Fails as often as it is told. */
async function fail(guard: ReturnType<typeof open>['guard'], times: number) {
  for (let turn = 0; turn < times; turn++) await expect(guard.run(away)).rejects.toThrow('away')
}

describe('a breaker', () => {
  test('is open after five failures in a row: 503 with Retry-After, and no call', async () => {
    const { guard, outside } = open()
    await fail(guard, 4)
    expect(guard.isOpen()).toBe(false)
    await fail(guard, 1)
    const call = vi.fn(well)
    const refused = await guard.run(call).catch((error) => error)
    expect(refused).toBeInstanceOf(Unavailable)
    expect([refused.status, refused.code, refused.headers]).toEqual([503, code, { 'retry-after': '60' }])
    expect(call).not.toHaveBeenCalled()
    expect(outside.list()).toEqual([{ name: 'weather', state: 'open', failures: 5, openedAt: expect.any(Number) }])
  })

  test('counts failures in a row only', async () => {
    const { guard } = open()
    await fail(guard, 4)
    await guard.run(well)
    await fail(guard, 4)
    expect(guard.isOpen()).toBe(false)
  })

  test('does not count what says nothing of the dependency', async () => {
    const { guard } = open({ failed: (error) => (error as Error).message !== 'away' })
    await fail(guard, 10)
    expect(guard.isOpen()).toBe(false)
  })

  test('lets one call try when its time is over, and others fail at once meanwhile; that call decides', async () => {
    const { guard, outside } = open({ openFor: 50 })
    await fail(guard, 5)
    await delay(60)
    expect(outside.list()).toMatchObject([{ state: 'half-open' }])
    const trial = guard.run(() => delay(30).then(away))
    const others = await Promise.allSettled([guard.run(well), guard.run(well)])
    expect(others.map((other) => other.status === 'rejected' && other.reason.code)).toEqual([code, code])
    await expect(trial).rejects.toThrow('away')
    expect(outside.list()).toMatchObject([{ state: 'open' }])
    await delay(60)
    expect(await guard.run(well)).toBe('well')
    expect(outside.list()).toMatchObject([{ state: 'closed', failures: 0, openedAt: undefined }])
  })

  test('that is reset is closed, and counts from the start', async () => {
    const { guard, outside } = open()
    await fail(guard, 5)
    expect([outside.reset('weather'), outside.reset('traffic')]).toEqual([true, false])
    await fail(guard, 4)
    expect(guard.isOpen()).toBe(false)
    await fail(guard, 1)
    expect(guard.isOpen()).toBe(true)
  })

  test('each dependency has its own, and its changes are counted', async () => {
    const { guard, outside, metrics } = open({ failures: 1 })
    outside.guard('traffic', { code, atOnce: 1 })
    await fail(guard, 1)
    expect(outside.list().map(({ name, state }) => [name, state])).toEqual([
      ['weather', 'open'],
      ['traffic', 'closed'],
    ])
    guard.reset()
    const text = await metrics.text()
    expect(text).toContain('seaworthy_breaker_state{name="weather"} 0')
    expect(text).toContain('seaworthy_breaker_transitions_total{name="weather",to="open"} 1')
    expect(text).toContain('seaworthy_breaker_transitions_total{name="weather",to="closed"} 1')
  })
})

test('more calls at once than there are places are refused at once, and do not count as failures', async () => {
  const { guard, outside } = open({ atOnce: 2 })
  const slow = [guard.run(() => delay(50).then(well)), guard.run(() => delay(50).then(well))]
  const refused = await guard.run(well).catch((error) => error)
  expect([refused.code, refused.wait]).toEqual([code, 1])
  expect(await Promise.all(slow)).toEqual(['well', 'well'])
  expect([await guard.run(well), outside.list()[0]?.failures]).toEqual(['well', 0])
})

describe('retries', () => {
  const again = { when: () => true, within: 5000 }

  test('a call that is repeatable is tried three times, each wait longer than the last', async () => {
    const { guard } = open({ again })
    const at: number[] = []
    const call = () => {
      at.push(performance.now())
      return away()
    }
    await expect(guard.run(call, { repeatable: true })).rejects.toThrow('away')
    expect(at).toHaveLength(3)
    const waits = at.slice(1).map((time, turn) => time - (at[turn] ?? 0))
    expect(waits.every((wait) => wait >= 1 && wait < 2000)).toBe(true)
  })

  test('waits are not the same for all who wait', async () => {
    const { guard } = open({ again, failures: 1000, atOnce: 50 })
    const waits: number[] = []
    const calls = Array.from({ length: 20 }, async () => {
      let last = 0
      const call = () => {
        if (last) waits.push(Math.round(performance.now() - last))
        last = performance.now()
        return away()
      }
      await guard.run(call, { repeatable: true }).catch(() => {})
    })
    await Promise.all(calls)
    expect(new Set(waits).size).toBeGreaterThan(5)
  })

  test.each([
    ['that does not say so', { again }, false],
    ['whose failure is not worth it', { again: { ...again, when: () => false } }, true],
    ['whose time is over', { again: { ...again, within: 1 } }, true],
  ])('a call %s is tried once', async (_, settings, repeatable) => {
    const { guard } = open(settings)
    const call = vi.fn(() => delay(20).then(away))
    await expect(guard.run(call, { repeatable })).rejects.toThrow('away')
    expect(call).toHaveBeenCalledTimes(1)
  })

  test('end when the breaker opens, with what the last try said: it may have had an effect', async () => {
    const { guard } = open({ again, failures: 2 })
    const call = vi.fn(away)
    await expect(guard.run(call, { repeatable: true })).rejects.toThrow('away')
    expect(call).toHaveBeenCalledTimes(2)
    await expect(guard.run(call, { repeatable: true })).rejects.toBeInstanceOf(Unavailable)
  })
})
