// The edge of production in front of replicas, as a probe of rolling restarts calls it.
import { manyRequests, openNginx } from '../../tools/nginx.ts'
import type { Context } from '../context/context.ts'
import { openCaller } from '../context/http.ts'
import type { Door } from '../context/stack.ts'

/** nginx with the tree's files; another replica in the place of one that ended has its address. */
export async function openEdge({ tree }: Pick<Context, 'tree'>, doors: readonly Door[]) {
  const upstreams = doors.map(({ url }) => new URL(url).host)
  const edge = await openNginx({ upstreams, tree, edits: manyRequests })
  const caller = openCaller(edge.url, { ca: edge.ca })
  return {
    ...{ call: caller.call, withToken: caller.withToken, lines: edge.lines },
    async close() {
      caller.close()
      await edge.close()
    },
  }
}

/** The address of a replica, for the next one in its place. */
export const placeOf = ({ url }: Pick<Door, 'url'>) => ({ PORT: new URL(url).port })
