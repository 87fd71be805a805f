// All that a stack writes down while a probe looks: what its processes say, what they count, what they keep and send.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Context } from '../context/context.ts'

/** Where something was found: the place, and a few words around it. */
export type Find = { where: string; around: string }
type Recording = Awaited<ReturnType<typeof recordRedis>>

/** Every command that Redis gets from now on: keys that live for a moment only are seen, too. */
export async function recordRedis({ redis }: Pick<Context, 'redis'>) {
  const { hostname, port } = new URL(redis.url)
  const socket = connect(Number(port), hostname)
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('error', () => {})
  socket.write('MONITOR\r\n')
  await once(socket, 'data')
  // Before its arguments a command has the time and the address of the connection that sent it, which is a process of ours.
  const commands = () =>
    Buffer.concat(pieces)
      .toString()
      .split('\r\n')
      .map((line) => line.replace(/^\+[\d.]+ \[[^\]]*\]/, ''))
  return { commands, close: () => socket.destroy() }
}

/** Looks for texts in lines, metrics, spans, reported errors, Redis and every row of every table. `allowed` tells where one may stand. */
export async function findKept(
  context: Context,
  recording: Recording,
  texts: Record<string, string>,
  allowed: (name: string, where: string) => boolean = () => false,
): Promise<Find[]> {
  const { logs, sql, workers, apiAt, metrics, exported, errors } = context
  const ofWorkers = await Promise.all(workers.map(({ url }) => apiAt(url).anonymous('GET', '/metrics')))
  const places = new Map([
    ['logs', logs.said()],
    ['metrics', [...(await metrics()).keys(), ...ofWorkers.map(({ text }) => text)].join('\n')],
    ['spans', exported()],
    ['errors', errors.said()],
    ['redis', recording.commands().join('\n')],
  ])
  const tables = await sql.owner<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  )
  if (tables.length === 0 || recording.commands().length < 2) throw new Error('There is nothing to look at')
  for (const { name } of tables) {
    const rows = await sql.owner<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`)
    places.set(name, rows.map(({ row }) => row).join('\n'))
  }
  const finds: Find[] = []
  for (const [where, all] of places)
    for (const [name, text] of Object.entries(texts)) {
      const at = all.toLowerCase().indexOf(text.toLowerCase())
      if (at < 0 || allowed(name, where)) continue
      finds.push({ where, around: `${name} in ${where}: ${all.slice(Math.max(0, at - 120), at).slice(-120)}…` })
    }
  return finds
}
