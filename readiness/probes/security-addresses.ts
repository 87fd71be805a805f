// SEC-30: what becomes of the addresses that call, wherever the service writes something down.
import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { findKept, recordRedis } from './everything-kept.ts'

/** Who calls from there may speak for others. */
export const proxies = { TRUST_PROXY: '127.127.0.0/16', LIMIT_PUBLIC: '60/60s' }

const own = '127.88.14.3'
const forwarded = { v4: '198.51.100.214', v6: '2001:db8:aa17:bb29:1234::77' }

export async function addressesAreHashes(context: Context): Promise<Evidence> {
  const { server, startApi, tree } = context
  const recording = await recordRedis(context)
  try {
    await callInAllWays(context)
    const hash = await hashBy(context, server)
    const finds = await findKept(context, recording, {
      own,
      mapped: `::ffff:${own}`,
      forwarded: forwarded.v4,
      network: '2001:db8:aa17:bb29',
    })
    const first = finds.find(({ where }) => where !== 'logs') ?? finds[0]
    if (first) red(first.where === 'logs' ? 'address-in-log' : 'address-kept', first.around)

    const another = { APP_SECRET: randomUUID() + randomUUID() }
    const month = join(tree, 'readiness/probes/month-later.ts')
    const [again, otherKey, later] = await Promise.all([startApi(), startApi(another), startApi({}, [month])])
    if ((await hashBy(context, again)) !== hash) red('not-comparable', 'another process has another hash')
    if ((await hashBy(context, otherKey)) === hash || isPlainHash(hash)) red('hash-without-key')
    if ((await hashBy(context, later)) === hash) red('key-does-not-rotate')
    return { hash: `${hash.length} characters`, redisCommands: recording.commands().length }
  } finally {
    recording.close()
  }
}

/** As anyone and as a proxy: registers, signs in rightly and wrongly, is refused, and reaches a limit. */
async function callInAllWays({ newcomer, server }: Context): Promise<void> {
  const proxy = newcomer(server.url, '127.127.0.9').call
  const callers = [
    newcomer(server.url, own).call,
    ...Object.values(forwarded).map((address): typeof proxy => {
      const headers = { 'x-forwarded-for': address }
      return (method, path, options) => proxy(method, path, { ...options, headers })
    }),
  ]
  for (const call of callers) {
    const person = { email: `address-${randomUUID()}@example.com`, password: randomUUID() }
    const made = await call('POST', '/v1/auth/register', { body: { ...person, name: 'Someone', role: 'client' } })
    if (made.status !== 201) red('cannot-register', made.text.slice(0, 200))
    const signedIn = await call('POST', '/v1/auth/login', { body: person })
    if (signedIn.status !== 200) red('cannot-sign-in', signedIn.text.slice(0, 200))
    for (let n = 0; n < 6; n++)
      await call('POST', '/v1/auth/login', { body: { ...person, password: 'not the password' } })
    await call('GET', '/v1/nowhere')
    for (let n = 0; n < 70; n++) await call('GET', '/v1/slugs/nobody-has-this')
  }
}

/** What a process calls the own address. */
async function hashBy({ newcomer, until }: Context, door: Door): Promise<string> {
  const answer = await newcomer(door.url, own).call('GET', '/v1/slugs/nobody-has-this')
  const id = answer.field('x-request-id')
  const line = await until('not-logged', () =>
    door.lines().find(({ requestId, msg }) => requestId === id && msg === 'request answered'),
  )
  return typeof line.addressHash === 'string' ? line.addressHash : red('address-not-named')
}

function isPlainHash(hash: string): boolean {
  const plain = ['sha256', 'sha1', 'md5'].flatMap((kind) =>
    (['base64url', 'hex'] as const).map((form) => createHash(kind).update(own).digest(form)),
  )
  return plain.some((text) => text.startsWith(hash.slice(0, 16)))
}
