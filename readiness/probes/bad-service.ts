// A service that is none: it answers every route of the mix as it should, too late, or not at all.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** `late` is beyond every threshold, the number of calls included; `slow` beyond those of time alone. */
export type Way = 'sound' | 'slow' | 'late' | 'failing'

/** Milliseconds. */
const waits: Record<Way, number> = { sound: 0, slow: 1500, late: 8000, failing: 0 }
const id = '0190a000-0000-7000-8000-000000000001'
/** Whatever is asked for is found in it. */
const body = {
  ...{ id, data: [{ id }], page: { next: null } },
  ...{ accessToken: 'token', refreshToken: 'refresh', expiresIn: 600 },
}

export const cast = {
  password: 'no-secret',
  people: Array.from({ length: 4 }, (_, at) => ({
    email: `person-${at}@seaworthy.test`,
    role: at === 0 ? ('client' as const) : ('worker' as const),
  })),
  jobs: [id],
}

export async function openBadService(way: Way) {
  const closing = new AbortController()
  let asked = 0
  const server = createServer(async (request, answer) => {
    request.resume()
    await delay(waits[way], undefined, { signal: closing.signal }).catch(() => {})
    // One of two says that a limit was met: that has a threshold of its own.
    answer.statusCode = way !== 'failing' ? 200 : asked++ % 2 === 0 ? 500 : 429
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      closing.abort()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
