import { describe, expect, onTestFinished, test } from 'vitest'
import { playChaos } from '../tools/chaos-events.ts'
import { withClient } from '../tools/create-database.ts'
import { holdTable } from '../tools/hold-table.ts'
import { agree, createCaller, join } from '../tools/journey.ts'
import { openMailCatcher } from '../tools/mail-catcher.ts'
import { openStack } from '../tools/stack.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { start } from './process.ts'
import { run } from './run.ts'

const quick = { QUEUE_BACKOFF_MS: '100', QUEUE_LOCK_MS: '1000', OUTBOX_SWEEP_MS: '500', OUTBOX_RETRY_MS: '3000' }

/** API and workers as processes, over a database of the test's own. */
async function open({ workers = 1, env = {} as Record<string, string> } = {}) {
  const database = await createTestDatabase()
  const stack = await openStack({
    appUrl: database.appUrl,
    env: { ...environment(database.appUrl), ...quick, ...env },
    workers,
  })
  onTestFinished(() => stack.close())
  const call = createCaller(stack.url, 20_000)
  const count = async (query: string) =>
    Number((await withClient(database.ownerUrl, (owner) => owner.query(query))).rows[0].count)
  const until = async (query: string, wanted: number) => {
    while ((await count(query)) !== wanted);
  }
  /** Plays a journey to its contract. */
  const play = async () => {
    const [client, worker] = await Promise.all([join(call, 'client'), join(call, 'worker')])
    return { contract: await agree(call, client, worker), client, worker }
  }
  return { ...stack, database, call, count, until, play, ofJobs: () => stack.mail.messages().filter(isOfJob) }
}

/** Everybody who registers gets a mail too. */
const isOfJob = ({ Subject }: { Subject: string }) => Subject !== 'Confirm your address'
const hasOneOfJob = (mails: { Subject: string }[]) => mails.some(isOfJob)

const untold = 'SELECT count(*) FROM outbox WHERE handled_at IS NULL AND dead_at IS NULL'
const dead = 'SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL'
const told = "SELECT count(*) FROM notifications WHERE kind = 'application.accepted'"
const toldTwice =
  'SELECT count(*) FROM (SELECT FROM notifications GROUP BY event_id, user_id HAVING count(*) > 1) AS twice'

/** Keeps every other session from a table, until released. */
async function hold(adminUrl: string, table: string) {
  const held = await holdTable(adminUrl, table)
  onTestFinished(held.close)
  return held
}

test('an accepted application: one contract, both parties told, one mail', async () => {
  const { play, until, count, mail, ofJobs } = await open()
  const { worker } = await play()
  const [letter] = (await mail.until(hasOneOfJob)).filter(isOfJob)
  expect(letter).toMatchObject({ Subject: expect.stringContaining('was accepted'), To: [{ Address: worker.email }] })
  await until(untold, 0)
  expect([await count(told), await count(dead), ofJobs().length]).toEqual([2, 0, 1])
})

describe('nothing is lost or doubled', () => {
  test('when a worker is killed in the middle of a job', async () => {
    const { play, until, count, workers, database } = await open({
      env: { DATABASE_LOCK_TIMEOUT_MS: '20000', DATABASE_STATEMENT_TIMEOUT_MS: '20000' },
    })
    const notifications = await hold(database.adminUrl, 'notifications')
    await play()
    await notifications.awaited()
    workers[0]?.kill('SIGKILL')
    await notifications.release()
    await until(untold, 0)
    expect([await count(told), await count(toldTwice), await count(dead)]).toEqual([2, 0, 0])
  })

  test('when the API is killed right after its commit, and no worker was there to publish', async () => {
    const { play, until, count, api, settings, mail } = await open({ workers: 0 })
    await play()
    api.kill('SIGKILL')
    // Of the acceptance two, and one for each who registered.
    expect(await count(untold)).toBe(4)
    const worker = await start(['src/worker.ts'], { env: settings })
    await mail.until(hasOneOfJob)
    await until(untold, 0)
    expect([await count(told), await count(toldTwice)]).toEqual([2, 0])
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toEqual({ code: 0, signal: null })
  })

  test('when a worker is killed between its claim of an event and the publication', async () => {
    const { play, until, count, redis, workers } = await open()
    redis.kill('SIGSTOP')
    await play()
    await until('SELECT least(count(*), 1) AS count FROM outbox WHERE published_at IS NOT NULL', 1)
    workers[0]?.kill('SIGKILL')
    redis.kill('SIGCONT')
    await until(untold, 0)
    expect([await count(told), await count(toldTwice), await count(dead)]).toEqual([2, 0, 0])
  })

  test('when Redis is away while an application is accepted', async () => {
    const { play, until, count, redis, mail, ofJobs } = await open()
    redis.kill('SIGKILL')
    await play()
    expect(await count('SELECT count(*) FROM contracts')).toBe(1)
    expect(await count(untold)).toBeGreaterThan(0)
    await redis.restart()
    await mail.until(hasOneOfJob)
    await until(untold, 0)
    expect([await count(told), ofJobs().length]).toEqual([2, 1])
  })

  test('when API and worker are told to stop under load', async () => {
    const { play, until, count, api, workers, ofJobs } = await open({ workers: 2 })
    const journeys = Array.from({ length: 8 }, play)
    await until('SELECT least(count(*), 1) AS count FROM applications', 1)
    api.kill('SIGTERM')
    workers[0]?.kill('SIGTERM')
    await Promise.all(journeys)
    await until(untold, 0)
    expect([await count('SELECT count(*) FROM contracts'), await count(told), await count(toldTwice)]).toEqual([
      8, 16, 0,
    ])
    expect(ofJobs()).toHaveLength(8)
    expect(api.said()).toContain('"msg":"stopped"')
    expect(workers[0]?.said()).toContain('"msg":"stopped"')
  })

  test('when API, worker and Redis are killed at random', async () => {
    const { ownerUrl, appUrl } = await createTestDatabase()
    const { accepted, faults, kills } = await playChaos({ ownerUrl, appUrl, journeys: 8, seed: 3, say: () => {} })
    expect([accepted, faults]).toEqual([8, []])
    expect(Object.values(kills).reduce((sum, number) => sum + number)).toBeGreaterThan(0)
  }, 120_000)
})

test('a mail server that is away for a while: the mail waits, and arrives', async () => {
  const { play, until, mail } = await open({ env: { MAIL_TIMEOUT_MS: '500' } })
  await mail.close()
  await play()
  await until("SELECT count(*) FROM outbox WHERE kind = 'mail.requested' AND published_at IS NOT NULL", 1)
  const back = await openMailCatcher({ smtpPort: Number(new URL(mail.smtpUrl).port) })
  onTestFinished(() => back.close())
  await back.until(hasOneOfJob)
  await until(untold, 0)
  expect(back.messages().filter(isOfJob)).toHaveLength(1)
})

test('what can’t be delivered is a dead letter, others go on, and it is put back by a command', async () => {
  const { play, until, count, mail, settings, call } = await open({ env: { QUEUE_ATTEMPTS: '3' } })
  const [client, refused] = await Promise.all([join(call, 'client'), join(call, 'worker')])
  await mail.until((mails) => mails.some(({ To }) => To[0]?.Address === refused.email))
  mail.refuse((address) => (address === refused.email ? 'nobody of that name' : undefined))
  await agree(call, client, refused)
  const { worker } = await play()
  await mail.until((mails) => mails.filter(isOfJob).some(({ To }) => To[0]?.Address === worker.email))
  await until(dead, 1)
  await until(untold, 0)

  const env = { ...process.env, ...settings }
  const listed = await run('node', ['src/dead-letters.ts'], { env })
  expect(listed.stdout).toMatch(/mail[.]requested .*nobody of that name/)
  expect(listed.stdout).not.toContain(refused.email)
  mail.refuse(undefined)
  const redriven = await run('node', ['src/dead-letters.ts', 'redrive', 'all'], { env })
  expect([redriven.code, redriven.stdout]).toEqual([0, expect.stringContaining('will be told again')])
  await mail.until((mails) => mails.filter(isOfJob).some(({ To }) => To[0]?.Address === refused.email))
  await until(untold, 0)
  expect(await count(dead)).toBe(0)
})

test('npm run demo: each step and exit 0 against a running service, exit 1 against none', async () => {
  const { url, mail } = await open()
  const played = await run('node', ['tools/demo.ts', url, mail.webUrl])
  expect([played.code, played.stderr]).toEqual([0, ''])
  expect(played.stdout).toContain('the worker has mail')
  const failed = await run('node', ['tools/demo.ts', 'http://127.0.0.1:1'])
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('FAIL')])
}, 40_000)
