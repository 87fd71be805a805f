// Breaks one thing after the other, wave by wave, and waits for what has to arrive.
import { setTimeout as delay } from 'node:timers/promises'
import type { Broken, Cause } from './cause.ts'
import type { Receiver } from './receiver.ts'

type Options = {
  causes: Cause[]
  broken: Broken
  receiver: Receiver
  /** Names of the alerts that are pending or fire now. */
  active: () => Promise<string[]>
  /** Those that count, each with the receiver that has to have it; the others of the same causes are not waited for. */
  wanted: ReadonlyMap<string, string>
  say: (line: string) => void
}
type Running = { cause: Cause; begun: number; undo: () => Promise<unknown>; problem?: string }

/** Milliseconds: of the alerts of a wave, of those that look back far, until all is reported as mended, and of what an earlier cause left. */
const [patience, longPatience, recovery, calm] = [90_000, 330_000, 75_000, 30_000]

/** Answers a line for each alert. Whatever happens, all that was begun is undone. */
export async function playDrill({ causes, broken, receiver, active, wanted, say }: Options) {
  const began = new Map<Cause, Running>()
  const open = new Set<Running>()
  const isThere = (name: string) => receiver.arrivals.get(name)?.at.has(wanted.get(name) ?? '')
  const arrived = (names: string[]) => names.filter((name) => wanted.has(name)).every(isThere)
  try {
    for (const wave of [...new Set(causes.map((cause) => cause.wave))].sort((a, b) => a - b)) {
      await Promise.all(causes.filter((cause) => cause.wave === wave).map(begin))
      await Promise.all([...open].filter(({ cause }) => (cause.due ?? cause.wave) <= wave).map(end))
    }
    await Promise.all([...open].map(end))
    const later = causes.flatMap((cause) => cause.later ?? [])
    if (!arrived(later)) say(`everything is mended; what looks back further is still to come`)
    await receiver.until(() => arrived(later), longPatience)
    // The Watchdog never ends, and a budget that looks back for hours takes its time.
    const over = [...began.keys()].flatMap(({ alerts }) => alerts).filter((name) => name !== 'Watchdog')
    await receiver.until(() => over.every((name) => !receiver.arrivals.get(name)?.firing.size), recovery)
  } finally {
    await Promise.all([...open].map(({ undo }) => undo().catch(() => {})))
  }
  return causes.flatMap((cause) =>
    [...cause.alerts, ...(cause.later ?? [])].filter((alert) => wanted.has(alert)).map((alert) => lineOf(alert, cause)),
  )

  async function begin(cause: Cause): Promise<void> {
    await untilCalm(cause.alerts)
    const running: Running = { cause, begun: Date.now(), undo: async () => {} }
    began.set(cause, running)
    open.add(running)
    say(`wave ${cause.wave}: ${cause.by}`)
    try {
      running.undo = await cause.begin(broken)
    } catch (error) {
      running.problem = (error as Error).message
      say(`could not be done: ${cause.by}: ${running.problem}`)
    }
  }

  /** What an earlier cause set off is over and does not count: this one has to do it again. */
  async function untilCalm(alerts: string[]): Promise<void> {
    const mayBe = alerts.filter((name) => name !== 'Watchdog')
    for (const end = Date.now() + calm; Date.now() < end; await delay(250)) {
      const names = await active()
      if (!mayBe.some((name) => names.includes(name))) break
    }
    for (const name of mayBe) receiver.forget(name)
  }

  async function end(running: Running): Promise<void> {
    const { cause } = running
    if (!running.problem) await receiver.until(() => arrived(cause.alerts), patience)
    if (!arrived(cause.alerts)) running.problem ??= 'it did not arrive'
    open.delete(running)
    await running.undo().catch((error: Error) => say(`could not be undone: ${cause.by}: ${error.message}`))
  }

  function lineOf(alert: string, cause: Cause) {
    const [{ by }, running, arrival] = [cause, began.get(cause), receiver.arrivals.get(alert)]
    const at = arrival?.at.get(wanted.get(alert) ?? '')
    const receivers = [...(arrival?.at.keys() ?? [])].sort()
    if (!running || at === undefined)
      return { alert, by, receivers, resolved: false, problem: running?.problem ?? 'it did not arrive' }
    // The Watchdog is there before anything is done.
    const seconds = Math.max(0, Math.round((at - running.begun) / 100) / 10)
    return { alert, by, seconds, receivers, resolved: arrival?.firing.size === 0 }
  }
}
