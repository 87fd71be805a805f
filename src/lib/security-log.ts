// What happened that a security team asks about later: one logger, one shape, and a counter. docs/security-events.md says what each
// kind means.
import type { Actor, Seen } from './actor.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** Every kind there is, and how it went for the caller. */
const outcomes = {
  'sign-in.succeeded': 'success',
  'sign-in.failed': 'failure',
  'sign-in.delayed': 'refusal',
  'account.locked': 'failure',
  'session.ended': 'success',
  'refresh.reused': 'failure',
  'token.refused': 'refusal',
  'access.refused': 'refusal',
  'csrf.refused': 'refusal',
  'host.refused': 'refusal',
  'limit.refused': 'refusal',
  'link.requested': 'success',
  'link.refused': 'failure',
  'password.changed': 'success',
  'email.changed': 'success',
  'mfa.enabled': 'success',
  'mfa.disabled': 'success',
  'mfa.failed': 'failure',
  'mfa.recovery-code-used': 'success',
  'mfa.recovery-codes-renewed': 'success',
  'user.blocked': 'success',
  'user.unblocked': 'success',
  'user.erased': 'success',
  'role.changed': 'success',
  'data-export.read': 'success',
  'upload.refused': 'refusal',
  'key.changed': 'success',
} as const

export type SecurityKind = keyof typeof outcomes
export const securityKinds = Object.keys(outcomes) as SecurityKind[]
export type SecurityLog = ReturnType<typeof createSecurityLog>

type Options = { log: Pick<Log, 'child'>; metrics: Metrics /** Lines of one kind within a second. */; most?: number }

/**
 * Lines come whatever LOG_LEVEL says. Of a flood `most` lines of a kind are written a second, and then one that says how many more
 * there were; the counter has all of them. `who` is the caller, as far as known; `facts` must hold no personal data and no secret.
 */
export function createSecurityLog({ log, metrics, most = 20 }: Options) {
  const own = log.child({ logger: 'security' }, { level: 'info' })
  const seconds = new Map<SecurityKind, { written: number; more: number }>()
  const events = metrics.counter({
    name: 'seaworthy_security_events_total',
    help: 'Security events by kind',
    labelNames: ['kind'],
  })
  // An alert on a kind that never happened yet needs a sample of it.
  for (const kind of securityKinds) events.inc({ kind }, 0)

  return (kind: SecurityKind, who: Seen & Partial<Actor>, facts: Record<string, unknown> = {}): void => {
    events.inc({ kind })
    const second = secondOf(kind)
    if (second.written >= most) {
      second.more += 1
      return
    }
    second.written += 1
    const { id: actorId, role: actorRole, sessionId, requestId, addressHash, userAgent, path } = who
    const outcome = outcomes[kind]
    const line = { security: kind, outcome, actorId, actorRole, sessionId, requestId, addressHash, userAgent, path }
    own[outcome === 'success' ? 'info' : 'warn']({ ...facts, ...line }, kind)
  }

  function secondOf(kind: SecurityKind) {
    const running = seconds.get(kind)
    if (running) return running
    const second = { written: 0, more: 0 }
    seconds.set(kind, second)
    setTimeout(() => {
      seconds.delete(kind)
      if (second.more > 0) own.warn({ security: kind, more: second.more }, 'there were more of these')
    }, 1000).unref()
    return second
  }
}
