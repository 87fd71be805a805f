import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../test/database.ts'
import { environment } from '../test/environment.ts'
import { startServer } from '../test/process.ts'
import { run } from '../test/run.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-secrets-'))
afterAll(() => rm(folder, { recursive: true }))
const { appUrl } = await createTestDatabase()
const newKey = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

test('a running process takes the keys of its file, goes on with the last good ones, and says so', async () => {
  const path = join(folder, 'key.pem')
  await writeFile(path, newKey())
  const times = { SECRETS_REFRESH_MS: '100' }
  const settings = { ...environment(appUrl), ...times, TOKEN_SIGNING_KEY: '', TOKEN_SIGNING_KEY_FILE: path }
  const server = await startServer(settings)
  const names = async () => {
    const { keys } = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
    return keys.map(({ kid }) => kid)
  }
  const before = await names()
  const rotated = await run(process.execPath, ['src/keys.ts', 'rotate', path], { env: times })
  expect(rotated.code).toBe(0)
  await vi.waitFor(async () => expect(await names()).toEqual([expect.any(String), ...before]), { timeout: 10_000 })
  const after = await names()
  expect(rotated.stdout).toContain(after[0])

  await writeFile(path, 'a key')
  await server.until(/could not be read again/)
  expect(await names()).toEqual(after)
  expect(server.lines().filter(({ security }) => security === 'key.changed')).toMatchObject([{ keys: 'tokens' }])
})

test.each([
  [['rotate'], 78],
  [['list', 'a', 'b'], 78],
  [['retire-encryption', 'a'], 78],
  [['rotate', join(folder, 'nowhere')], 1],
])('keys %j ends with %i', async (words, code) => {
  expect(await run(process.execPath, ['src/keys.ts', ...words], { env: {} })).toMatchObject({ code, stdout: '' })
})

test('reseal waits until every process has the new key, and names the keys that may go', async () => {
  const { ENCRYPTION_KEYS, ...settings } = environment(appUrl)
  const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()
  const young = `${time}z:${Buffer.alloc(32, 1).toString('base64')}`
  const reseal = (keys: string) =>
    run(process.execPath, ['src/reseal.ts'], { env: { ...settings, ENCRYPTION_KEYS: keys } })
  expect(await reseal(`${young},${ENCRYPTION_KEYS}`)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('too young'),
  })
  const done = await reseal(`newest:${Buffer.alloc(32, 2).toString('base64')},${ENCRYPTION_KEYS}`)
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('Nothing needs development-only any more.')])
})
