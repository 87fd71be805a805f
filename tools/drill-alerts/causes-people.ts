// What people would notice, and what people do.
import { setTimeout as delay } from 'node:timers/promises'
import { holdTable } from '../hold-table.ts'
import { ask, type Broken, type Cause, keepOn, post } from './cause.ts'

const reviewsOf = ({ url, person }: Broken) => `${url}/v1/users/${person.id}/reviews`

export const causesOfPeople: Cause[] = [
  {
    by: 'the right to read one table is taken from the service',
    wave: 1,
    alerts: ['OperationFails', 'AvailabilityBurn1h', 'AvailabilityBurn6h'],
    later: ['AvailabilityBurn1d', 'AvailabilityBurn3d'],
    async begin({ sql, url, person }) {
      await sql('REVOKE SELECT ON applications FROM seaworthy_app')
      const stop = keepOn(() => ask(`${url}/v1/me/applications`, person.token))
      return async () => {
        await stop()
        await sql('GRANT SELECT ON applications TO seaworthy_app')
      }
    },
  },
  {
    by: 'a table is locked for 1.5 seconds at a time',
    wave: 1,
    alerts: ['OperationSlow', 'LatencyBurn1h', 'LatencyBurn6h'],
    later: ['LatencyBurn1d', 'LatencyBurn3d'],
    async begin(broken) {
      const held = await holdTable(broken.adminUrl, 'reviews')
      await held.release()
      await held.close()
      return keepOn(async () => {
        const held = await holdTable(broken.adminUrl, 'reviews')
        const asked = [1, 2].map(() => ask(reviewsOf(broken)).catch(() => 0))
        // Shorter than a statement waits for a lock: slow, and no error.
        await delay(1500)
        await held.release()
        await held.close()
        await Promise.all(asked)
      })
    },
  },
  {
    by: 'a table is locked, and forty people ask for it at once',
    wave: 3,
    alerts: ['RequestsShed', 'PoolExhausted'],
    async begin(broken) {
      const held = await holdTable(broken.adminUrl, 'reviews')
      const stops = Array.from({ length: 40 }, () => keepOn(() => ask(reviewsOf(broken)), 50))
      return async () => {
        await held.release()
        await held.close()
        await Promise.all(stops.map((stop) => stop()))
      }
    },
  },
  {
    by: 'somebody guesses passwords',
    wave: 2,
    alerts: ['LoginAttack'],
    begin: async ({ url }) => {
      const guess = () => ({ email: `${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() })
      return keepOn(async () => (await post(`${url}/v1/auth/login`, guess())).arrayBuffer(), 200)
    },
  },
  {
    by: 'a refresh token is used again after its heir was',
    wave: 2,
    alerts: ['RefreshTokenReused'],
    async begin({ url }) {
      const body = { email: `${crypto.randomUUID()}@example.com`, password: crypto.randomUUID() }
      const registered = await post(`${url}/v1/auth/register`, { ...body, name: 'Drill client', role: 'client' })
      await registered.arrayBuffer()
      const refreshTokenOf = async (path: string, given: unknown) =>
        ((await (await post(`${url}/v1/auth/${path}`, given)).json()) as { refreshToken: string }).refreshToken
      return keepOn(async () => {
        const first = await refreshTokenOf('login', body)
        const heir = await refreshTokenOf('refresh', { refreshToken: first })
        await refreshTokenOf('refresh', { refreshToken: heir })
        await refreshTokenOf('refresh', { refreshToken: first })
      }, 1000)
    },
  },
]
