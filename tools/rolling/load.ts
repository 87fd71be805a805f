// An open loop: requests leave by the clock, however long answers take, so that a service that stands still is not asked less.
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Client, Wanted } from './client.ts'

/** A request by its number: what is sent, and what it is called. */
export type Request = Wanted & { name: string }
/** Milliseconds: `late` from when it should have left until it did, `took` from when it should have left until its answer. */
export type Outcome = Answer & { number: number; name: string; late: number; took: number }
export type Load = ReturnType<typeof startLoad>

type Options = { client: Pick<Client, 'ask'>; rate: number; requestOf: (number: number) => Request }

/** Sends `rate` requests a second until it is stopped. `stop` waits for the last answers. */
export function startLoad({ client, rate, requestOf }: Options) {
  const outcomes: Outcome[] = []
  const underWay = new Set<Promise<void>>()
  const start = performance.now()
  let sent = 0
  let stopped = false
  const running = run()

  return { outcomes, sent: () => sent, underWay: () => underWay.size, stop }

  async function run(): Promise<void> {
    while (!stopped) {
      const due = ((performance.now() - start) * rate) / 1000
      while (sent < due) send(sent++)
      await delay(1)
    }
  }

  function send(number: number): void {
    const due = start + (number * 1000) / rate
    const late = performance.now() - due
    const { name, ...wanted } = requestOf(number)
    const work = client.ask(wanted).then((answer) => {
      // Of answers that went well only writes are looked at again.
      const text = answer.status < 300 && wanted.method === 'GET' ? '' : answer.text
      outcomes.push({ ...answer, text, number, name, late, took: performance.now() - due })
      underWay.delete(work)
    })
    underWay.add(work)
  }

  /** Answers for how many seconds requests left, and all outcomes. */
  async function stop(): Promise<{ seconds: number; outcomes: Outcome[] }> {
    stopped = true
    await running
    const seconds = (performance.now() - start) / 1000
    await Promise.all(underWay)
    return { seconds, outcomes }
  }
}
