import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { blocksOf } from '../tools/documents.ts'
import { openEmbeddedPostgres } from '../tools/embedded-postgres.ts'
import { createTestDatabase } from './database.ts'
import { anyPorts } from './environment.ts'
import { start } from './process.ts'
import { run } from './run.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-start-'))
// As root, PostgreSQL runs as another user, who must be able to enter.
await chmod(folder, 0o755)
const dataDir = join(folder, 'postgres')
afterAll(async () => {
  const postgres = await openEmbeddedPostgres({ dataDir, say: () => {} })
  await postgres.stop()
  for (const path of [postgres.dataDir, folder]) await rm(path, { recursive: true, force: true })
})

/** `npm start` with its data in a folder of the test. */
async function npmStart(...args: string[]) {
  const running = await start(['tools/start.ts', '--data', folder, ...args], {
    env: { ...anyPorts, LOG_FORMAT: 'json' },
  })
  await running.until(/Seaworthy is ready/)
  const [url = ''] = await running.until(/(?<=Home page +)http:\/\/[\d.:]+/)
  return { ...running, url }
}

/** Runs the commands that the README prints under a heading, against a running service. */
async function runReadme(heading: string, url: string): Promise<string> {
  const block = blocksOf('.', 'README.md').find((each) => each.heading === heading)?.text
  if (!block) throw new Error(`README.md has no commands under ${heading}`)
  const { stdout } = await promisify(execFile)('bash', ['-euc', block.replaceAll('http://127.0.0.1:8080', url)])
  return stdout
}

test('npm start: a summary, links that work, the calls of the README, the demo; data outlive a stop and a kill', async () => {
  const first = await npmStart()
  expect(first.said()).toMatch(/Sign in as client +client@example.com/)
  const home = await (await fetch(first.url)).text()
  const paths = [...home.matchAll(/href="([^"]+)"/g)].map(([, path]) => path)
  expect(paths.length).toBeGreaterThan(3)
  for (const path of paths) expect([path, (await fetch(new URL(path ?? '', first.url))).status]).toEqual([path, 200])

  const said = await runReadme('A first call', first.url)
  expect(said).toContain('"slug":"fix-the-harbour-crane"')
  expect(said).toContain('"title":"Splice the mooring lines, all twelve"')
  expect(said).toContain('"status":"open"')

  const [mailUrl = ''] = await first.until(/(?<=Mail +)http:\/\/[\d.:]+/)
  const demo = await run('node', ['tools/demo.ts', first.url, mailUrl], { timeout: 60_000 })
  expect([demo.code, demo.stderr]).toEqual([0, ''])
  expect(demo.stdout).toMatch(/had it paid out[\s\S]*both can be read[\s\S]*All steps passed\.\n$/)

  first.child.kill('SIGKILL')
  await first.ended
  const second = await npmStart()
  expect(await (await fetch(`${second.url}/v1/jobs?q=splice`)).json()).toMatchObject({
    data: [{ slug: 'splice-the-mooring-lines', status: 'open' }],
  })

  second.child.kill('SIGINT')
  expect(await second.ended).toEqual({ code: 0, signal: null })
  const third = await npmStart()
  expect(await (await fetch(`${third.url}/v1/jobs?q=splice`)).json()).toMatchObject({ data: [{ status: 'open' }] })

  third.child.kill('SIGINT')
  await third.ended
  const afresh = await npmStart('--reset')
  expect(await (await fetch(`${afresh.url}/v1/jobs?q=splice`)).json()).toMatchObject({ data: [] })
}, 180_000)

test('npm start is not for production', async () => {
  const running = await start(['tools/start.ts', '--data', folder], { env: { NODE_ENV: 'production' } })
  expect(await running.ended).toEqual({ code: 78, signal: null })
  expect(running.said()).toContain('npm start is for development')
})

test('where the money is released in days, the demo says so, and ends well', async () => {
  const { appUrl, ownerUrl } = await createTestDatabase()
  const env = { ...anyPorts, DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl, RELEASE_AFTER_SECONDS: '3600' }
  const running = await start(['tools/start.ts', '--data', folder], { env })
  const [url = ''] = await running.until(/(?<=Home page +)http:\/\/[\d.:]+/)
  const [mailUrl = ''] = await running.until(/(?<=Mail +)http:\/\/[\d.:]+/)
  const demo = await run('node', ['tools/demo.ts', url, mailUrl], { timeout: 60_000 })
  expect([demo.code, demo.stderr]).toEqual([0, ''])
  expect(demo.stdout).toContain('Here the release waits longer than this journey')
  expect(demo.stdout).not.toContain('paid out')
  running.child.kill('SIGTERM')
  await running.ended
})

test('with DATABASE_URL it uses that database; one of another version is refused with what to do', async () => {
  const { appUrl, ownerUrl } = await createTestDatabase()
  const env = { ...anyPorts, DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl }
  const running = await start(['tools/start.ts', '--data', folder], { env })
  await running.until(/Seaworthy is ready/)
  const counted = await withClient(ownerUrl, (owner) => owner.query<{ count: string }>('SELECT count(*) FROM users'))
  expect(counted.rows).toEqual([{ count: '4' }])
  running.child.kill('SIGTERM')
  await running.ended

  await withClient(ownerUrl, (owner) =>
    owner.query("UPDATE schema_migrations SET name = '0001_people' WHERE name = '0001_users'"),
  )
  const refused = await start(['tools/start.ts', '--data', folder], { env })
  expect(await refused.ended).toEqual({ code: 1, signal: null })
  expect(refused.said()).toMatch(/could not be migrated: .*0001_users.*\n.*Check DATABASE_OWNER_URL/)
})
