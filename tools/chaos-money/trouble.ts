// What goes wrong meanwhile: processes are killed, connections cut, and the payment provider is not what it should be.

import { withClient } from '../create-database.ts'
import { randomOf } from '../random.ts'
import type { Stack } from '../stack.ts'

type Provider = Stack['payments']
type Fault = Parameters<Provider['fault']>[0]
type Options = { stack: Stack; adminUrl: string; seed: number; operations: number }

const faults: Fault[] = [
  { do: 'drop', on: 'charge', times: 3 },
  { do: 'drop', on: 'refund', times: 2 },
  { do: 'drop', on: 'payout', times: 3 },
  { do: 'drop', on: 'read', times: 2 },
  { do: 'fail', times: 3 },
  { do: 'throttle', times: 3 },
  { do: 'slow', ms: 700, times: 4 },
  { do: 'slow', ms: 700, after: true, times: 4 },
  { do: 'hang', times: 2 },
  { do: 'hang', after: true, times: 2 },
]
const webhooks = [
  { late: 0, copies: 1, mixed: false },
  { late: 0, copies: 2, mixed: true },
  { late: 800, copies: 1, mixed: true },
]

/** Does something every 8 to 28 steps, or 48 of many: by progress and not by time, so that a quick machine is hit as often. */
export function makeTrouble({ stack, adminUrl, seed, operations }: Options) {
  const rarity = operations > 1000 ? 41 : 21
  const random = randomOf(seed)
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const made: Record<string, number> = {}
  let left = 8
  let cuts = Promise.resolve()
  const kinds: Record<string, () => void> = {
    'api killed': () => stack.api.kill(),
    'worker killed': () => stack.workers[0]?.kill(),
    'connections cut': () => {
      const share = random()
      cuts = cuts.then(() => cut(share))
    },
    'provider faulty': () => stack.payments.fault(oneOf(faults)),
    'webhooks changed': () => stack.payments.sendWebhooks(oneOf(webhooks)),
  }
  const order = [
    'api killed',
    'worker killed',
    'connections cut',
    'connections cut',
    'provider faulty',
    'provider faulty',
    'provider faulty',
    'webhooks changed',
  ]

  return { step, end }

  function step(): void {
    left -= 1
    if (left > 0) return
    left = 8 + Math.floor(random() * rarity)
    const kind = oneOf(order)
    made[kind] = (made[kind] ?? 0) + 1
    kinds[kind]?.()
  }

  /** Some of the service's connections, whatever they are in the middle of. */
  async function cut(share: number): Promise<void> {
    await withClient(adminUrl, (admin) =>
      admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = 'seaworthy_service' AND random() <= $1`,
        [share],
      ),
    )
  }

  /** All is as it should be again. Answers how often what was done. */
  async function end(): Promise<Record<string, number>> {
    await cuts
    stack.payments.heal()
    stack.payments.sendWebhooks({ late: 0, copies: 1, mixed: false })
    return made
  }
}
