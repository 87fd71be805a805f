import { readFileSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { createLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createSecurityLog, securityKinds } from './security-log.ts'

function build(level = 'info') {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const log = createLog({ level, format: 'json', service: 'test', version: '0', deployment: 'test', destination })
  const metrics = createMetrics()
  return { security: createSecurityLog({ log, metrics, most: 3 }), lines, metrics }
}
const who = {
  id: 'someone',
  role: 'client',
  requestId: 'r',
  addressHash: 'a',
  formerAddressHash: 'b',
  userAgent: 'u',
  path: '/p',
} as const

afterEach(() => {
  vi.useRealTimers()
})

test('an event says who did what from where, and how it went', () => {
  const { security, lines } = build()
  security('role.changed', { ...who, email: 'ada@example.com' } as typeof who, { before: 'worker' })
  const { time: _, service: __, version: ___, deployment: ____, ...line } = lines[0] ?? {}
  expect(line).toEqual({
    ...{ level: 'info', logger: 'security', security: 'role.changed', outcome: 'success', msg: 'role.changed' },
    ...{ actorId: 'someone', actorRole: 'client', requestId: 'r', addressHash: 'a', userAgent: 'u', path: '/p' },
    before: 'worker',
  })
})

test.each(['error', 'fatal', 'silent'])('LOG_LEVEL=%s does not switch it off', (level) => {
  const { security, lines } = build(level)
  security('sign-in.failed', who)
  security('sign-in.succeeded', who)
  expect(lines.map((line) => line.security)).toEqual(['sign-in.failed', 'sign-in.succeeded'])
})

test('facts can not pass for what the service saw', () => {
  const { security, lines } = build()
  security('sign-in.failed', who, { actorId: 'another', outcome: 'success' })
  expect(lines[0]).toMatchObject({ actorId: 'someone', outcome: 'failure' })
})

test('a flood of one kind is a few lines and a count, and hides no other kind', async () => {
  vi.useFakeTimers()
  const { security, lines, metrics } = build()
  for (let n = 0; n < 500; n++) security('sign-in.failed', who)
  security('account.locked', who)
  expect(lines.map((line) => line.security)).toEqual([...Array(3).fill('sign-in.failed'), 'account.locked'])
  vi.advanceTimersByTime(1000)
  expect(lines.at(-1)).toMatchObject({ security: 'sign-in.failed', more: 497 })
  security('sign-in.failed', who)
  expect(lines).toHaveLength(6)
  expect(await metrics.text()).toContain('seaworthy_security_events_total{kind="sign-in.failed"} 501')
})

test('docs/security-events.md says of each kind what it means, and knows no other', () => {
  const rows = [...readFileSync('docs/security-events.md', 'utf8').matchAll(/^\| `([a-z.-]+)` \|/gm)]
  expect(rows.map(([, kind]) => kind).sort()).toEqual([...securityKinds].sort())
})
