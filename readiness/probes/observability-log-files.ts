// OBS-04: a file of lines that is full, with older parts beside it, and what a process makes of them.
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

const [full, parts, most] = [10 * 1_048_576, 6, 5]
/** Bytes that are missing to a full part: a hundred lines. */
const room = 20_000

export async function filesRotate(context: Context): Promise<Evidence> {
  const { apiAt, start, until } = context
  const folder = context.folder()
  for (let part = 1; part <= parts; part++)
    writeFileSync(join(folder, `api.${part}.log`), linesOf(part < parts ? 1024 : full - room))
  // Whether it is open is not read in its lines: those are what is looked for.
  const [port] = await freePorts(1)
  const door = start(['src/server.ts'], { LOG_FILE: join(folder, 'api.log'), PORT: String(port) })
  const { anonymous } = apiAt(`http://127.0.0.1:${port}`)
  const live = () => anonymous('GET', '/health/live').catch(() => undefined)
  await until('does-not-open', async () => (await live())?.status === 200, { within: 30_000 })
  const logs = () => readdirSync(folder).filter((name) => name.startsWith('api'))
  const ids: string[] = []
  const next = `api.${parts + 1}.log`
  const send = async (count: number) => {
    for (let turn = 0; turn < count; turn++) {
      const id = `probe.${randomUUID()}`
      await anonymous('GET', `/v1/slugs/${randomUUID()}`, { headers: { 'x-request-id': id } })
      ids.push(id)
    }
  }
  const grown = () => logs().reduce((sum, name) => sum + sizeOf(folder, name), 0)
  const before = grown()
  await send(1)
  await until('no-file', () => grown() > before, { within: 5000 })
  await send(99)
  await until('never-rotated', () => existsSync(join(folder, next)), { within: 5000 })
  await send(5)
  await until('too-many-kept', () => logs().length <= most, { within: 5000 })
  const kept = logs()
  if (kept.length < most - 1) red('too-few-kept', kept.join())
  if (!kept.includes(`api.${parts}.log`)) red('newest-removed', kept.join())
  const largest = Math.max(...kept.map((name) => sizeOf(folder, name)))
  if (largest > full + 1_048_576) red('part-too-large', String(largest))

  const inFiles = () => kept.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
  await until('lines-lost', () => ids.every((id) => inFiles().includes(id)), { within: 5000 })
  const lacking = () => ids.filter((id) => !door.said().includes(id))
  await until('not-on-standard-output', () => lacking().length === 0, { within: 3000 })
  return {
    parts: kept.length,
    largestMB: Math.round(largest / 104_857.6) / 10,
    lines: ids.length,
    alsoOn: 'standard output',
  }
}

const linesOf = (bytes: number) => `${'x'.repeat(1023)}\n`.repeat(Math.floor(bytes / 1024))
const sizeOf = (folder: string, name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
