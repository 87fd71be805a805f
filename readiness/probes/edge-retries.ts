// Which requests the edge sends again when a replica dies at its work, and how long it keeps connections to it.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { openRelay } from './edge-relay.ts'
import type { Edge } from './edge-scene.ts'

const rounds = 6

/** One of two replicas dies at every request. Each kind is sent until it met that one. */
export async function repeatsWhatIsSafe(context: Context, { nginx, relay, from, lineOf }: Edge) {
  const dying = await openRelay(Number(new URL(context.server.url).port))
  try {
    dying.die()
    await nginx.setUpstreams([dying.at, relay.at])
    const { call } = from()
    const path = '/v1/auth/logout'
    const kinds: [name: string, method: string, key: string | null, repeated: boolean][] = [
      ['GET', 'GET', null, true],
      ['PUT', 'PUT', null, true],
      ['DELETE', 'DELETE', null, true],
      ['POST with a key', 'POST', randomUUID(), true],
      ['POST', 'POST', null, false],
      ['PATCH', 'PATCH', randomUUID(), false],
    ]
    const seen: string[] = []
    for (const [name, method, key, repeated] of kinds) {
      const before = dying.heads().length
      for (let round = 0; round < rounds; round++) {
        const answer = await call(method, path, { key, ...(method === 'GET' ? {} : { body: {} }) })
        const { replicaStatus } = await lineOf(answer.field('x-request-id'))
        const tries = String(replicaStatus).split(', ')
        const lost = answer.status === 502
        if (lost && repeated) red(key ? 'keyed-post-lost' : 'safe-request-lost', `${name}: ${replicaStatus}`)
        if (tries.length > 1 && !repeated) red('unsafe-request-repeated', `${name}: ${replicaStatus}`)
      }
      // Otherwise the edge has given the replica up (passive checks), or this examined nothing.
      if (dying.heads().length === before) red('replica-given-up', name)
      seen.push(name)
    }
    return { repeated: seen.slice(0, 4), notRepeated: seen.slice(4), deaths: dying.heads().length }
  } finally {
    await nginx.setUpstreams([relay.at])
    await dying.close()
  }
}

/** Node keeps a connection for 75 s. Well before that, the edge has to have given up what it does not use. */
export async function keepsConnections({ until }: Context, { relay, from }: Edge) {
  const { call } = from()
  const before = relay.opened()
  for (let turn = 0; turn < 30; turn++) await call('GET', '/health/live')
  const opened = relay.opened() - before
  if (opened > 6) red('connections-not-kept', `${opened} for 30 requests`)
  await until('kept-too-long', () => relay.open() === 0, { within: 12_000 })
  return { requests: 30, connections: opened }
}
