import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { withClient } from './create-database.ts'
import { openScratchServer } from './scratch-databases.ts'

test('a kept template is filled once and outlives its run, until one with another key takes its place', async () => {
  const dataDir = join(tmpdir(), `seaworthy-kept-${process.pid}`)
  const open = () => openScratchServer({ dataDir, prefix: 'kept' })
  let filled = 0
  const fill = async ({ ownerUrl }: { ownerUrl: string }) => {
    filled++
    await ask(ownerUrl, 'CREATE TABLE rows AS SELECT 7 AS found')
  }
  const failing = () => Promise.reject(new Error('half of it'))

  const first = await open()
  await expect(first.keep('one', failing)).rejects.toThrow('half of it')
  const copies = [await first.copy(await first.keep('one', fill)), await first.copy(await first.keep('one', fill))]
  expect(new Set(copies.map(({ name }) => name)).size).toBe(2)
  for (const { ownerUrl } of copies) expect(await ask(ownerUrl, 'SELECT found FROM rows')).toEqual([{ found: 7 }])
  await first.close()
  expect(filled).toBe(1)

  const second = await open()
  await second.keep('one', fill)
  expect(filled).toBe(1)
  await second.keep('two', fill)
  const names = await ask(second.adminUrl, "SELECT datname FROM pg_database WHERE datname LIKE 'kept_kept%'")
  expect([filled, names]).toEqual([2, [{ datname: 'kept_kept_two' }]])
  await second.close()
  await rm(dataDir, { recursive: true })
}, 60_000)

const ask = (url: string, text: string) => withClient(url, async (client) => (await client.query(text)).rows)
