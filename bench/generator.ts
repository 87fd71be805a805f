// The load generator, in a process of its own: autocannon, closed loop, one request at a time on each connection. Started by load.ts.
import autocannon from 'autocannon'
import { answerParent } from './child.ts'
import type { Outcome, Plan } from './load.ts'

/** Seconds after which an answer is given up, which voids the case. */
const patience = 10

answerParent(fire)

async function fire({ urls, requests, connections, seconds, rate }: Plan): Promise<Outcome> {
  let started = 0
  const share = requests.length / connections
  const { promise: over, resolve, reject } = Promise.withResolvers<autocannon.Result>()
  const options: autocannon.Options = {
    url: urls as unknown as string,
    connections,
    timeout: patience,
    ...(seconds === undefined ? { amount: requests.length } : { duration: seconds }),
    ...(rate !== undefined && { overallRate: rate }),
    setupClient(client) {
      // Each connection begins elsewhere in the list, and where each request is sent once each has a part of it.
      const from = Math.floor(started++ * share)
      const until = Math.floor(started * share)
      client.setRequests(
        seconds === undefined ? requests.slice(from, until) : [...requests.slice(from), ...requests.slice(0, from)],
      )
    },
  }
  const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
  const begun = performance.now()
  let last = begun
  instance.on('response', () => {
    last = performance.now()
  })
  const { statusCodeStats = {}, errors, timeouts, latency } = await over
  const statuses = Object.fromEntries(
    Object.entries(statusCodeStats).map(([status, { count }]) => [status, count ?? 0]),
  )
  // Not when autocannon says that it is over: it looks at that once a second.
  return { statuses, seconds: (last - begun) / 1000, failed: errors + timeouts, p99: latency.p99 }
}
