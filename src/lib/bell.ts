// Tells all processes at once that something has happened to somebody, so that whoever waits for it looks. A ring may be lost, with
// Redis or on the way to it: nothing may depend on it but the delay until the next regular look.
import { EventEmitter } from 'node:events'
import type { Redis } from './redis.ts'

export type Bell = ReturnType<typeof createBell>
/** Undefined: rings may have been missed. */
type OnRing = (name: string | undefined) => void

/** Without Redis it is heard in this process alone. */
export function createBell({ redis, prefix, name }: { redis: Redis | undefined; prefix: string; name: string }) {
  const channel = `${prefix}:bell:${name}`
  const here = new EventEmitter()

  return { ring, listen }

  function ring(about: string): void {
    if (redis) redis.publish(channel, about).catch(() => {})
    else here.emit('ring', about)
  }

  /** By a connection of its own, which Redis asks for: one that listens can ask for nothing else. */
  function listen(onRing: OnRing) {
    if (!redis) {
      here.on('ring', onRing)
      return { close: async () => void here.off('ring', onRing) }
    }
    const listening = redis.duplicate({ autoResubscribe: false })
    // The connection that asks tells of the same troubles.
    listening.on('error', () => {})
    listening.on('message', (_channel, about) => onRing(about))
    // What rang before this connection, or this next one, could hear it is missed.
    const hear = () => listening.subscribe(channel).then(() => onRing(undefined))
    listening.on('ready', () => hear().catch(() => listening.disconnect(true)))
    return { close: async () => listening.disconnect() }
  }
}
