// Signing in by password, against Argon2id with the same parameters, as many at once, and nothing else.
import { hash } from '@node-rs/argon2'
import type { Case } from '../case.ts'
import { openChild } from '../child.ts'
import { cpuOf } from '../cpu.ts'
import { emailOf, password, passwords, workers } from '../data.ts'
import type { Given } from '../limits/bare-argon2.ts'
import { type Request, servedSide } from '../load.ts'
import { compare } from '../rounds.ts'
import type { Side } from '../side.ts'

/** Of a round; at once, of which the service hashes two and lets the others wait. */
const [count, connections] = [120, 8]

export const signIn: Case = {
  name: 'sign-in',
  wanted: [{ name: 'sign-in', title: 'A sign-in, against Argon2id alone', unit: 'ratio', aim: { least: 0.9 } }],
  async run({ world, load, rounds }) {
    const api = await world.openApi()
    const bare = openChild<Given, number>('limits/bare-argon2.ts')
    try {
      let next = 0
      const plan = () => ({
        ...{ urls: [api.url], connections },
        requests: Array.from({ length: count }, () => requestOf(next++ % workers)),
      })
      const service = servedSide({ name: 'service', load, pids: [api.pid], warm: 2 * count, plan })
      const { atOnce, ...parameters } = passwords
      const given = { passwordHash: await hash(password, parameters), password, count, atOnce }
      const { over } = await compare([service, bareSide(bare, given)], rounds)
      return { 'sign-in': over(1) }
    } finally {
      await bare.close()
      await api.close()
    }
  },
}

const requestOf = (worker: number): Request => ({
  method: 'POST',
  path: '/v1/auth/login',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ email: emailOf(worker), password }),
})

function bareSide({ pid, ask }: { pid: number; ask: (given: Given) => Promise<number> }, given: Given): Side {
  return { name: 'Argon2id', warm: given.count, measure }

  async function measure() {
    const before = cpuOf(pid)
    const seconds = await ask(given)
    const after = cpuOf(pid)
    const cpu = before === undefined || after === undefined ? undefined : (after - before) / given.count
    return { count: given.count, rate: given.count / seconds, cpu }
  }
}
