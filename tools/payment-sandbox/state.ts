// What the sandbox remembers: objects, answers under their keys, events. With a file each call is one line of it, written before the call
// is answered: who kills the process loses no call that was answered, and none is there by half.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

export type StripeObject = Record<string, unknown> & {
  id: string
  object: string
  created: number
  amount: number
  currency: string
  metadata: Record<string, string>
}
/** `print` tells whether a repeated call asks for the same. */
export type KeptAnswer = { print: string; status: number; body: unknown }
export type SandboxEvent = { id: string; type: string; created: number; object: StripeObject; key: string | undefined }
type Change = {
  objects?: StripeObject[]
  answer?: KeptAnswer & { key: string }
  events?: SandboxEvent[]
  /** Ids of events that were taken. */
  delivered?: string[]
}
export type State = ReturnType<typeof openState>

export function openState(file: string | undefined) {
  const objects = new Map<string, StripeObject>()
  const answers = new Map<string, KeptAnswer>()
  const events = new Map<string, SandboxEvent>()
  const delivered = new Set<string>()
  if (file && existsSync(file)) {
    const text = readFileSync(file, 'utf8')
    for (const line of text.split('\n')) read(line)
    // What comes next must not be a part of half a line.
    if (!text.endsWith('\n')) appendFileSync(file, '\n')
  }

  return { objects, answers, events, delivered, commit, clear }

  function commit(change: Change): void {
    if (file) appendFileSync(file, `${JSON.stringify(change)}\n`)
    apply(change)
  }

  function clear(): void {
    if (file) writeFileSync(file, '')
    for (const kept of [objects, answers, events, delivered]) kept.clear()
  }

  /** The last line of a process that was killed may be half a line: its call was not answered. */
  function read(line: string): void {
    try {
      apply(JSON.parse(line) as Change)
    } catch {
      // That one.
    }
  }

  function apply(change: Change): void {
    for (const object of change.objects ?? []) objects.set(object.id, object)
    if (change.answer) answers.set(change.answer.key, change.answer)
    for (const event of change.events ?? []) events.set(event.id, event)
    for (const id of change.delivered ?? []) delivered.add(id)
  }
}
