// What it costs to know who asks: the same cached job for a thousand people with a token each, and for strangers.
import type { Case } from '../case.ts'
import { jobId } from '../data.ts'
import { type Request, servedSide, textOf, usual } from '../load.ts'
import { compare } from '../rounds.ts'

const path = `/v1/jobs/${jobId(1)}`

export const signedIn: Case = {
  name: 'signed-in',
  wanted: [
    { name: 'signed-in', title: 'A read with 1,000 tokens, against strangers', unit: 'ratio', aim: { least: 0.85 } },
  ],
  async run({ world, load, rounds }) {
    const api = await world.openApi()
    try {
      await textOf(api.url, path)
      const known = world.tokens.map((token): Request => ({ path, headers: { authorization: `Bearer ${token}` } }))
      const side = (name: string, requests: Request[]) =>
        servedSide({ name, load, pids: [api.pid], plan: () => ({ urls: [api.url], requests, ...usual }) })
      const { over } = await compare([side('signed in', known), side('strangers', [{ path }])], rounds)
      return { 'signed-in': over(1) }
    } finally {
      await api.close()
    }
  },
}
