// One who listens to a stream of notifications for as long as it takes: whenever it ends, they connect again from where they were.
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Person } from '../journey.ts'

/** Milliseconds until somebody who was hung up on, or refused, tries again, at most (docs/live-notifications.md). */
const longestWait = 3000

export type Listener = ReturnType<typeof startListener>
type Options = { url: string; ca: string; person: Person; random: () => number }

/** Hears from the first notification on. */
export function startListener({ url, ca, person, random }: Options) {
  const told: { number: number; id: string }[] = []
  /** Codes with which connections ended, and answers other than 101. */
  const ends: string[] = []
  let socket: WebSocket | undefined
  let isOpen = false
  let stopped = false
  const listening = listen()

  return { person, told, ends, isOpen: () => isOpen, stop }

  async function listen(): Promise<void> {
    while (!stopped) {
      await connect()
      if (!stopped) await delay(random() * longestWait)
    }
  }

  /** Until the connection is over. */
  function connect(): Promise<void> {
    const over = Promise.withResolvers<void>()
    const at = `${url.replace('http', 'ws')}/v1/me/notifications/stream?after=${told.at(-1)?.number ?? 0}`
    socket = new WebSocket(at, { ca, headers: { authorization: `Bearer ${person.token}` } })
    socket.on('message', (text) => {
      const { kind, number, notification } = JSON.parse(String(text))
      if (kind === 'notification') told.push({ number, id: notification.id })
      else isOpen = true
    })
    socket.on('unexpected-response', (request, answer) => {
      ends.push(`answered ${answer.statusCode}`)
      request.destroy()
      over.resolve()
    })
    socket.on('error', () => {})
    socket.once('close', (code) => {
      if (!stopped) ends.push(`closed with ${code}`)
      isOpen = false
      over.resolve()
    })
    return over.promise
  }

  async function stop(): Promise<void> {
    stopped = true
    socket?.terminate()
    await listening
  }
}
