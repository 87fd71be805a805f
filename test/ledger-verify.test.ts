import process from 'node:process'
import { expect, test } from 'vitest'
import { withClient } from '../tools/create-database.ts'
import { insertContracts } from './contracts.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { run } from './run.ts'

const database = await createTestDatabase()
const env = { PATH: process.env.PATH, ...environment(database.appUrl) }
const sealKey = Buffer.alloc(32, 7).toString('base64')
/** As a drill asks: with no secret of the service. */
const verifyRestored = (AUDIT_OLD_KEYS = sealKey) =>
  run(process.execPath, ['src/restored-verify.ts'], {
    env: { PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: database.appUrl, AUDIT_OLD_KEYS },
  })
const verify = (...args: string[]) => run(process.execPath, ['src/ledger-verify.ts', ...args], { env })

test('the verifier says by its words, its JSON and its exit code whether the books add up', async () => {
  const sound = await verify()
  expect([sound.code, sound.stderr]).toEqual([0, ''])
  expect(sound.stdout).toContain('pass  sums-to-zero: All posted entries of a currency sum to zero\n')
  expect(sound.stdout).toContain('0 accounts, 0 transfers, 0 entries, 0 contracts, 0 payments.\nThe books add up.\n')

  const restored = await verifyRestored()
  expect([restored.code, JSON.parse(restored.stdout)]).toMatchObject([0, { isSound: true, broken: [] }])

  const [contract] = await insertContracts(database, [100])
  await withClient(database.ownerUrl, (owner) =>
    owner.query(`
      INSERT INTO ledger_accounts (user_id, kind, currency, posted) VALUES ('${contract?.workerId}', 'available', 'EUR', 5)`),
  )
  const unsound = await verify()
  expect(unsound.code).toBe(1)
  expect(unsound.stdout).toMatch(/FAIL {2}posted-as-entries: .* \(not so for 1\)\n {8}[0-9a-f-]{36}\n/)
  expect(unsound.stdout).toContain('THE BOOKS DO NOT ADD UP.\n')

  const broken = await verifyRestored()
  expect([broken.code, JSON.parse(broken.stdout)]).toMatchObject([
    1,
    { isSound: false, broken: ['posted-as-entries (1)'] },
  ])

  const json = await verify('--json')
  expect(json.code).toBe(1)
  const { isSound, verdicts } = JSON.parse(json.stdout)
  expect(isSound).toBe(false)
  expect(verdicts.filter(({ found }: { found: number }) => found > 0)).toMatchObject([
    { name: 'posted-as-entries', found: 1 },
  ])
}, 60_000)

test('a word that it does not know is refused', async () => {
  const { code, stderr } = await verify('--jsn')
  expect(code).toBe(78)
  expect(stderr).toContain('Say --json, or nothing')
})

test('a restored database is not looked at without the key of its seals', async () => {
  const { code, stderr } = await verifyRestored('')
  expect(code).toBe(78)
  expect(stderr).toContain('AUDIT_OLD_KEYS is missing: npm run audit:verify shows the public key of the seals')
})
