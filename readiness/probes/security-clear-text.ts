// Whether secrets lie somewhere in clear: in any column of any table, or in anything that Redis keeps.
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'

/** The texts by which something is found that was stored as it is, in hexadecimal or in Base64. */
export function formsOf(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret)
  const encoded = [bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')]
  return typeof secret === 'string' ? [secret, ...encoded] : encoded
}

/** The tables and the keys of Redis that hold one of the texts. */
export async function placesWith({ sql, redis }: Context, texts: readonly string[]): Promise<string[]> {
  const tables = await sql.owner<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const holds = 'SELECT FROM unnest($1::text[]) AS secret WHERE strpos(t::text, secret) > 0'
    const rows = await sql.owner(`SELECT FROM ${name} AS t WHERE EXISTS (${holds}) LIMIT 1`, [texts])
    if (rows.length > 0) found.push(name)
  }
  const server = new Redis(redis.url, { retryStrategy: () => null })
  try {
    for await (const keys of server.scanStream({ count: 500 }))
      for (const key of keys as string[]) {
        const kept = `${key} ${JSON.stringify(await contentOf(server, key))}`
        if (texts.some((text) => kept.includes(text))) found.push(`redis ${key}`)
      }
  } finally {
    server.disconnect()
  }
  return found
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const kind = await redis.type(key)
  if (kind === 'string') return redis.get(key)
  if (kind === 'hash') return redis.hgetall(key)
  if (kind === 'list') return redis.lrange(key, 0, -1)
  if (kind === 'set') return redis.smembers(key)
  if (kind === 'zset') return redis.zrange(key, 0, -1)
  return kind === 'stream' ? redis.xrange(key, '-', '+') : undefined
}
