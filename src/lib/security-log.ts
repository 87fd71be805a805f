// What happened that a security team asks about later: one logger, one shape, and a counter.
import type { Actor, Seen } from './actor.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export type SecurityLog = ReturnType<typeof createSecurityLog>

/** `who` is the caller, as far as known; `facts` must hold no personal data and no secret. */
export function createSecurityLog({ log, metrics }: { log: Pick<Log, 'warn'>; metrics: Metrics }) {
  const events = metrics.counter({
    name: 'seaworthy_security_events_total',
    help: 'Security events by kind',
    labelNames: ['kind'],
  })
  return (kind: `${string}.${string}`, who: Seen & Partial<Actor>, facts: Record<string, unknown> = {}): void => {
    const { id: actorId, role: actorRole, sessionId, requestId, addressHash, userAgent, path } = who
    events.inc({ kind })
    log.warn({ security: kind, actorId, actorRole, sessionId, requestId, addressHash, userAgent, path, ...facts }, kind)
  }
}
