// One process uses one core. Two of them on two ports, against one: generator, PostgreSQL and Redis share the cores with them.
import type { Case } from '../case.ts'
import { jobId } from '../data.ts'
import { servedSide, textOf, usual } from '../load.ts'
import { compare } from '../rounds.ts'

const path = `/v1/jobs/${jobId(1)}`

export const cores: Case = {
  name: 'cores',
  wanted: [{ name: 'two-processes', title: 'Two processes, against one (1 is no gain)', unit: 'ratio' }],
  async run({ world, load, rounds }) {
    const apis = [await world.openApi(), await world.openApi()]
    try {
      for (const { url } of apis) await textOf(url, path)
      const side = (name: string, some: typeof apis) =>
        servedSide({
          ...{ name, load, pids: some.map(({ pid }) => pid) },
          plan: () => ({ urls: some.map(({ url }) => url), requests: [{ path }], ...usual }),
        })
      const { over } = await compare([side('two', apis), side('one', apis.slice(0, 1))], rounds)
      return { 'two-processes': over(1) }
    } finally {
      for (const api of apis) await api.close()
    }
  },
}
