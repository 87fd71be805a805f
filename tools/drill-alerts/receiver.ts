// Where Alertmanager sends: one path for each of its receivers, and a note of what came when.
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Sent = { status: 'firing' | 'resolved'; labels: Record<string, string>; fingerprint: string; startsAt: string }
/** Of one alert, whatever its other labels: when each receiver first had it, and what of it still fires. */
export type Arrival = { at: Map<string, number>; firing: Set<string> }
export type Receiver = Awaited<ReturnType<typeof openReceiver>>

export async function openReceiver(onArrival: (alert: string, receiver: string) => void) {
  const changes = new EventEmitter().setMaxListeners(0)
  const arrivals = new Map<string, Arrival>()
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as { alerts: Sent[] }
    for (const alert of alerts) take((request.url ?? '').slice(1), alert)
    answer.end()
    changes.emit('change')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    forget: (alert: string) => arrivals.delete(alert),
    until,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }

  function take(receiver: string, { status, labels, fingerprint }: Sent) {
    const alert = labels.alertname ?? ''
    const known = arrivals.get(alert)
    if (status === 'resolved') return void known?.firing.delete(fingerprint)
    const arrival = known ?? { at: new Map<string, number>(), firing: new Set<string>() }
    arrivals.set(alert, arrival)
    arrival.firing.add(fingerprint)
    if (arrival.at.has(receiver)) return
    arrival.at.set(receiver, Date.now())
    onArrival(alert, receiver)
  }

  /** Answers whether it became so within that many milliseconds. */
  async function until(isSo: () => boolean, within: number): Promise<boolean> {
    const signal = AbortSignal.timeout(within)
    while (!isSo()) {
      const over = await once(changes, 'change', { signal }).catch(() => 'over')
      if (over === 'over') return isSo()
    }
    return true
  }
}
