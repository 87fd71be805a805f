// docs/authentication.md, command by command, on `npm start`.
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { blocksOf } from '../tools/documents.ts'
import { manyCalls } from '../tools/stack.ts'
import { createTestDatabase } from './database.ts'
import { anyPorts } from './environment.ts'
import { start } from './process.ts'

test('its commands sign up, confirm the address, sign in, renew, and sign in with a second factor', async () => {
  const { appUrl, ownerUrl } = await createTestDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-walk-'))
  await chmod(folder, 0o755)
  const env = { ...manyCalls, ...anyPorts, LOG_FORMAT: 'json', DATABASE_URL: appUrl, DATABASE_OWNER_URL: ownerUrl }
  const running = await start(['tools/start.ts', '--data', folder], { env })
  try {
    const [url = ''] = await running.until(/(?<=Home page +)http:\/\/[\d.:]+/)
    const [mail = ''] = await running.until(/(?<=Mail +)http:\/\/[\d.:]+/)
    const script = blocksOf('.', 'docs/authentication.md')
      .map(({ text }) => text)
      .join('\n')
    const told = script.replace('http://127.0.0.1:8080', url).replace('http://127.0.0.1:8025', mail)
    expect(told).toContain(`URL=${url} MAIL=${mail}`)
    const { stdout } = await promisify(execFile)('bash', ['-euc', told], { timeout: 60_000 })
    expect(stdout).toMatch(/"role":"client"[\s\S]*confirmed: 204/)
    expect(stdout).toMatch(/"isCurrent":true/)
    expect(stdout).toMatch(/10 recovery codes\nMFA_REQUIRED\nsigned out: 204\nafterwards: 401\n$/)
  } finally {
    running.child.kill('SIGTERM')
    await running.ended
    await rm(folder, { recursive: true, force: true })
  }
})
