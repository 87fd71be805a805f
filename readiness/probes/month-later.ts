// Preloaded into an API by a probe: its clock is in the middle of next month.
const now = Date.now
const today = new Date()
const ahead = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 15) - now()
const Clock = Date
Date.now = () => now() + ahead
globalThis.Date = new Proxy(Clock, {
  construct: (target, given: unknown[]) => Reflect.construct(target, given.length > 0 ? given : [now() + ahead]),
})
