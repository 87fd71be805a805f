// docs/money.md: its commands on `npm start`, one by one, and its diagram against the code.
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { transitions } from '../src/modules/contracts/lifecycle.ts'
import { feeOf } from '../src/modules/payments/movements.ts'
import { blocksOf } from '../tools/documents.ts'
import { manyCalls } from '../tools/stack.ts'
import { createTestDatabase } from './database.ts'
import { anyPorts } from './environment.ts'
import { start } from './process.ts'

const document = await readFile('docs/money.md', 'utf8')

test('its diagram has each step of a contract, and no other', () => {
  const drawn = [...document.matchAll(/^ {2}(\w+) --> (\w+):/gm)].map(([, from, to]) => `${from} ${to}`)
  const steps = Object.entries(transitions).flatMap(([from, next]) => next.map((to) => `${from} ${to}`))
  expect(drawn.length).toBeGreaterThan(10)
  expect(drawn.sort()).toEqual(steps.sort())
})

test('its example of the fee is what the code takes', () => {
  expect(document).toContain('10 % of 10,009 is 1,000.9, so the platform keeps 1,000 and the worker gets 9,009')
  expect([feeOf(10_009, 1000), 10_009 - feeOf(10_009, 1000)]).toEqual([1000, 9009])
})

test('its commands pay, release, pay out, are declined, wait, dispute, give back, and review', async () => {
  const { appUrl, ownerUrl } = await createTestDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-money-'))
  await chmod(folder, 0o755)
  // Between the sandbox's quick answer on a busy machine and the eight seconds of the document.
  const patient = { PAYMENTS_QUICK_MS: '6000' }
  const env = {
    ...manyCalls,
    ...anyPorts,
    ...patient,
    LOG_FORMAT: 'json',
    DATABASE_URL: appUrl,
    DATABASE_OWNER_URL: ownerUrl,
  }
  const running = await start(['tools/start.ts', '--data', folder], { env })
  try {
    const [url = ''] = await running.until(/(?<=Home page +)http:\/\/[\d.:]+/)
    const [payments = ''] = await running.until(/(?<=Payments +)http:\/\/[\d.:]+/)
    const script = blocksOf('.', 'docs/money.md')
      .map(({ text }) => text)
      .join('\n')
    const told = script.replace('http://127.0.0.1:8080', url).replace('http://127.0.0.1:8420', payments)
    expect(told).toContain(`URL=${url} PAYMENTS=${payments}`)
    const { stdout } = await promisify(execFile)('bash', ['-euc', told], { timeout: 120_000 })
    expect(stdout.trim().split('\n')).toEqual([
      ...['succeeded', 'funded', 'delivered', 'approved', 'released'],
      ...['the worker has 9009', 'succeeded', 'BALANCE_TOO_SMALL'],
      ...['PAYMENT_REFUSED', 'accepted'],
      ...['pending', 'funding', 'funded', 'succeeded'],
      'WEBHOOK_SIGNATURE_INVALID',
      ...['disputed', 'Nobody opens the gate.', 'resolved', 'CONTRACT_STATE'],
      ...['cancelled', 'refunded'],
      ...['CONTRACT_NOT_REVIEWABLE', 'released', '5', '0 to be seen by the worker'],
      ...['4', '2 to be seen by the worker'],
    ])
  } finally {
    running.child.kill('SIGTERM')
    await running.ended
    await rm(folder, { recursive: true, force: true })
  }
}, 180_000)
