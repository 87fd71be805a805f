// Tells people of their notifications as they are made, over streams. A stream carries what the list has, by number and in order: the bell
// only says that there is something to read, so what is lost on the way costs a moment and nothing else.
import { WebSocket } from 'ws'
import type { Database } from '../../db/client.ts'
import type { Actor } from '../../lib/actor.ts'
import type { Bell } from '../../lib/bell.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { repeat } from '../../lib/repeat.ts'
import type { FlagsService } from '../flags/flags.service.ts'
import { lastNumber, listNewer } from './live.repository.ts'
import { liveFull, liveOff, tooManyStreams } from './notifications.errors.ts'
import type { NotificationRow } from './notifications.repository.ts'
import { toNotification } from './notifications.service.ts'

type Deps = {
  db: Database
  bell: Bell
  metrics: Metrics
  flags: Pick<FlagsService, 'isOn'>
  isEnded: (sessionId: string) => boolean
  /** Seconds that a stream may last: as long as the token by which it was opened. */
  lifetime: number
  /** Streams of this process, and of one user on it. */
  most: number
  mostOfOne: number
  /** Milliseconds between two pings. A stream that has not answered the last one is over. */
  ping: number
  /** Milliseconds between two regular looks: what a lost ring costs. */
  look: number
}

type Listener = {
  actor: Actor
  after: number
  until: number
  socket?: WebSocket
  isAlive: boolean
  isFull?: boolean
}

/** Why a stream was closed: RFC 6455, section 7.4. From 4000 on the codes are ours. */
const codes = { restart: 1012, tooSlow: 1013, unexpected: 1003, over: 4401, off: 4403 } as const
/** Notifications of one person, and people, of one statement. */
const [page, people] = [50, 500]
/** Bytes that may wait for somebody who reads slowly. */
const room = 65_536

export type LiveService = ReturnType<typeof createLiveService>

export function createLiveService({ db, bell, metrics, flags, isEnded, ...settings }: Deps) {
  const { lifetime, most, mostOfOne, ping, look } = settings
  const listeners = new Map<string, Set<Listener>>()
  const due = new Set<string>()
  let total = 0
  let isReading = false
  metrics.gauge({
    name: 'seaworthy_streams',
    help: 'Open streams of notifications',
    collect() {
      this.set(total)
    },
  })
  const sent = metrics.counter({
    name: 'seaworthy_stream_messages_total',
    help: 'Notifications that were sent over streams',
  })
  const closed = metrics.counter({
    name: 'seaworthy_streams_closed_total',
    help: 'Streams that ended, by the code of RFC 6455 with which they were closed',
    labelNames: ['code'],
  })

  return { listen, keepTelling }

  /** Sends what is newer than `after`, or else than now, until either side ends it. Rejects, before the upgrade, where that can't be. */
  async function listen(actor: Actor, after: number | undefined, upgrade: () => Promise<WebSocket>): Promise<void> {
    if (!(await flags.isOn('live-notifications', actor))) throw liveOff()
    const own = listeners.get(actor.id) ?? new Set()
    if (total >= most) throw liveFull()
    if (own.size >= mostOfOne) throw tooManyStreams(mostOfOne)
    const listener: Listener = { actor, after: 0, until: Date.now() + lifetime * 1000, isAlive: true }
    listeners.set(actor.id, own.add(listener))
    total++
    try {
      const last = await lastNumber(db, actor.id)
      listener.after = Math.min(after ?? last, last)
      listener.socket = await upgrade()
    } catch (error) {
      drop(listener)
      throw error
    }
    take(listener, listener.socket)
    wake(actor.id)
  }

  function take(listener: Listener, socket: WebSocket): void {
    socket.on('error', () => socket.terminate())
    socket.on('pong', () => {
      listener.isAlive = true
    })
    socket.on('message', () => end(listener, codes.unexpected, 'Nothing is read here'))
    socket.once('close', (code) => over(listener, code))
    socket.send(JSON.stringify({ kind: 'ready', after: listener.after }))
  }

  /** At once for us; the connection ends when the other side says so too, or within seconds. */
  function end(listener: Listener, code: number, why: string): void {
    over(listener, code)
    listener.socket?.close(code, why)
  }

  function over(listener: Listener, code: number): void {
    if (drop(listener)) closed.inc({ code: String(code) })
  }

  function drop(listener: Listener): boolean {
    const own = listeners.get(listener.actor.id)
    if (!own?.delete(listener)) return false
    total--
    if (own.size === 0) listeners.delete(listener.actor.id)
    return true
  }

  /** Hears the bell, looks for what was missed, and pings, until it is closed: then every stream is asked to connect elsewhere. */
  async function keepTelling(onError: (error: unknown) => void) {
    const hearing = bell.listen((id) => (id === undefined ? wakeAll() : wake(id)))
    const looking = await repeat(async () => wakeAll(), { every: look })
    const beating = await repeat(beat, { every: ping, onError })
    return {
      async close() {
        await Promise.all([hearing.close(), looking.close(), beating.close()])
        for (const listener of all()) end(listener, codes.restart, 'Connect again')
      },
    }
  }

  function wakeAll(): void {
    for (const id of listeners.keys()) wake(id)
  }

  function wake(id: string): void {
    if (!listeners.has(id)) return
    due.add(id)
    if (!isReading) void read()
  }

  /** One statement at a time, for all who are due. It never rejects: whoever was not told is found by the next look. */
  async function read(): Promise<void> {
    isReading = true
    try {
      while (due.size > 0) {
        const ids = [...due].slice(0, people)
        for (const id of ids) due.delete(id)
        const ready = new Map(ids.map((id) => [id, [...(listeners.get(id) ?? [])].filter(hasRoom)]))
        const asked = [...ready].flatMap(([userId, own]) =>
          own.length === 0 ? [] : { userId, after: Math.min(...own.map(({ after }) => after)) },
        )
        if (asked.length === 0) continue
        const found = Map.groupBy(await listNewer(db, asked, page), ({ userId }) => userId)
        for (const [id, rows] of found) for (const listener of ready.get(id) ?? []) send(listener, rows)
      }
    } catch {
      due.clear()
    } finally {
      isReading = false
    }
  }

  function send(listener: Listener, rows: NotificationRow[]): void {
    const goOn = () => (rows.length === page || listener.isFull) && wake(listener.actor.id)
    for (const row of rows) {
      const number = row.number as number
      if (number <= listener.after) continue
      const text = JSON.stringify({ kind: 'notification', number, notification: toNotification(row) })
      listener.socket?.send(text, row === rows.at(-1) ? goOn : undefined)
      listener.after = number
      sent.inc()
    }
    hasRoom(listener)
  }

  /** Whoever does not read gets no more until they do. */
  function hasRoom(listener: Listener): boolean {
    const { socket } = listener
    if (socket?.readyState !== WebSocket.OPEN) return false
    listener.isFull = socket.bufferedAmount >= room
    return !listener.isFull
  }

  async function beat(): Promise<void> {
    for (const listener of all()) {
      const { socket, actor, until } = listener
      if (!socket) continue
      // The ping waits behind what was not read, if there is any.
      if (!listener.isAlive && socket.bufferedAmount > 0) end(listener, codes.tooSlow, 'You read too slowly')
      else if (!listener.isAlive) socket.terminate()
      else if (Date.now() > until || (actor.sessionId && isEnded(actor.sessionId)))
        end(listener, codes.over, 'Sign in again')
      else if (!(await flags.isOn('live-notifications', actor))) end(listener, codes.off, 'Ask for the list')
      else {
        listener.isAlive = false
        socket.ping()
      }
    }
  }

  function all(): Listener[] {
    return [...listeners.values()].flatMap((own) => [...own])
  }
}
