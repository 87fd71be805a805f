// What the cache answers, against a bare Fastify that serialises the same object from memory.
import type { Case, Wanted } from '../case.ts'
import { openChild } from '../child.ts'
import { clientId, jobId } from '../data.ts'
import type { Given } from '../limits/bare-answers.ts'
import { holdSame, type Request, servedSide, textOf, usual } from '../load.ts'
import { compare } from '../rounds.ts'

export const cachedList = against({
  wanted: { name: 'cached-list', title: 'A cached page of 20 jobs', unit: 'ratio', aim: { least: 0.8 } },
  path: '/v1/jobs',
  shape: 'page',
})

// A page with another behind it gets another cursor, and so another tag, each time that it is read anew.
export const notModified = against({
  wanted: { name: 'not-modified', title: 'Such a page as 304', unit: 'ratio', aim: { least: 1 } },
  path: `/v1/jobs?clientId=${clientId(1)}`,
  shape: 'page',
  isKnown: true,
})

export const cachedDetail = against({
  wanted: { name: 'cached-detail', title: 'A cached job', unit: 'ratio', aim: { least: 0.8 } },
  path: `/v1/jobs/${jobId(1)}`,
  shape: 'job',
})

/** `isKnown`: whoever asks has the answer already. */
type Options = { wanted: Wanted; path: string; shape: Given['shape']; isKnown?: boolean }

function against({ wanted, path, shape, isKnown = false }: Options): Case {
  return {
    name: wanted.name,
    wanted: [wanted],
    async run({ world, load, rounds }) {
      const api = await world.openApi()
      const bare = openChild<Given, string>('limits/bare-answers.ts')
      try {
        const value = JSON.parse(await textOf(api.url, path))
        const bareUrl = await bare.ask({ path: path.split('?', 1)[0] as string, shape, value })
        await holdSame([api.url, bareUrl], path)
        const asked: Request = isKnown
          ? { path, headers: { 'if-none-match': await tagOf(`${api.url}${path}`) } }
          : { path }
        const service = servedSide({
          ...{ name: 'service', load, pids: [api.pid], status: isKnown ? 304 : 200 },
          plan: () => ({ urls: [api.url], requests: [asked], ...usual }),
        })
        const limit = servedSide({
          ...{ name: 'bare Fastify', load, pids: [bare.pid] },
          plan: () => ({ urls: [bareUrl], requests: [{ path }], ...usual }),
        })
        return { [wanted.name]: (await compare([service, limit], rounds)).over(1) }
      } finally {
        await bare.close()
        await api.close()
      }
    },
  }
}

async function tagOf(url: string): Promise<string> {
  const answer = await fetch(url)
  await answer.body?.cancel()
  return answer.headers.get('etag') ?? ''
}
