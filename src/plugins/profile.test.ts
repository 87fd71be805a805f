import { mkdtemp, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { expect, test, vi } from 'vitest'
import { profile } from './profile.ts'

async function open(ratio: number) {
  const folder = await mkdtemp(join(tmpdir(), 'profiles-'))
  const app = Fastify()
  await app.register(profile, { ratio, folder })
  app.get('/things', { schema: { operationId: 'listThings' } }, async () => {
    for (const until = performance.now() + 20; performance.now() < until; );
    return 'done'
  })
  return { app, folder }
}

test('a request is profiled into a file of its name, and files older than a day go', async () => {
  const { app, folder } = await open(1)
  const old = join(folder, '2026-01-01_listThings_r.cpuprofile')
  await writeFile(old, '{}')
  const yesterday = Date.now() / 1000 - 90_000
  await utimes(old, yesterday, yesterday)
  await app.inject('/things')
  const name = expect.stringMatching(/_listThings_req-1\.cpuprofile$/)
  await vi.waitFor(async () => expect(await readdir(folder)).toEqual([name]), { timeout: 10_000 })
  await app.close()
  const [file = ''] = await readdir(folder)
  const { nodes, samples } = JSON.parse(await readFile(join(folder, file), 'utf8'))
  expect([nodes.length > 1, samples.length > 1]).toEqual([true, true])
})

test('at ratio 0 there is none', async () => {
  const { app, folder } = await open(0)
  await app.inject('/things')
  await app.close()
  expect(await readdir(folder)).toEqual([])
})
