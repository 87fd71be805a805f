// What follows a write: its event goes through outbox, BullMQ and inbox to its effect, a notification and a mail.
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { withClient } from '../../tools/create-database.ts'
import { applications } from '../applications.ts'
import type { Case } from '../case.ts'
import { type Child, openChild } from '../child.ts'
import { cpuOf } from '../cpu.ts'
import type { Given } from '../limits/bare-queue.ts'
import { compare, patiently } from '../rounds.ts'
import type { Measured, Side } from '../side.ts'
import { workerConcurrency } from '../world.ts'

/** Writes a second, for six seconds: far from all that the service takes. */
const calm = { rate: 50, count: 320, connections: 8 }
/** Events of a round, and no-ops of one. */
const [eventCount, jobCount] = [200, 4000]
/** Milliseconds that the effects of a round may take. */
const patience = 60_000

export const effect: Case = {
  name: 'effect',
  wanted: [
    { name: 'commit-to-effect-p50', title: 'From commit to effect, median', unit: 'ms' },
    { name: 'commit-to-effect-p99', title: 'From commit to effect, 99th percentile', unit: 'ms' },
  ],
  async run({ world, load }) {
    const [api, worker] = [await world.openApi(), await world.openWorker()]
    try {
      return await withClient(world.urls.adminUrl, async (admin) => {
        const pass = async () => {
          await admin.query('TRUNCATE outbox, inbox')
          const { rate, count, connections } = calm
          const requests = applications(world, count)
          await load.fire({ urls: [api.url], requests, connections, rate }, 201)
          await untilHandled(admin)
        }
        // Once before what counts, so that both processes are compiled.
        await patiently(pass)
        await pass()
        const { rows } = await admin.query<{ times: number[] }>(timesToEffect)
        const [median = Number.NaN, last = Number.NaN] = rows[0]?.times ?? []
        return { 'commit-to-effect-p50': { value: median }, 'commit-to-effect-p99': { value: last } }
      })
    } finally {
      await worker.close()
      await api.close()
    }
  },
}

// By the commits themselves, which PostgreSQL keeps the times of: that of the write, and that of its effect with the inbox row.
const timesToEffect = `
  SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY
    extract(epoch FROM pg_xact_commit_timestamp(inbox.xmin) - pg_xact_commit_timestamp(applications.xmin))::float8 * 1000) AS times
  FROM outbox
  JOIN applications ON applications.id = (payload ->> 'applicationId')::uuid
  JOIN inbox ON inbox.event_id = outbox.id
  WHERE kind = 'application.submitted'`

export const events: Case = {
  name: 'events',
  wanted: [
    { name: 'events', title: 'Events to their effect, against no-ops of BullMQ', unit: 'ratio', aim: { least: 0.5 } },
  ],
  async run({ world, rounds }) {
    const worker = await world.openWorker()
    const bare = openChild<Given, number>('limits/bare-queue.ts')
    try {
      return await withClient(world.urls.adminUrl, async (admin) => {
        const service = { name: 'service', warm: 2 * eventCount, measure: () => tellAll(admin, worker.pid) }
        const { over } = await compare([service, noOps(bare, world.redisUrl)], rounds)
        return { events: over(1) }
      })
    } finally {
      await bare.close()
      await worker.close()
    }
  },
}

async function tellAll(admin: pg.Client, pid: number): Promise<Measured> {
  await admin.query('TRUNCATE outbox, inbox')
  const [begun, before] = [performance.now(), cpuOf(pid)]
  await admin.query(moreEvents, [eventCount])
  await untilHandled(admin, "AND kind = 'application.submitted'")
  const seconds = (performance.now() - begun) / 1000
  const after = cpuOf(pid)
  const cpu = before === undefined || after === undefined ? undefined : (after - before) / eventCount
  await untilHandled(admin)
  return { count: eventCount, rate: eventCount / seconds, cpu }
}

/** Of different jobs, each told to its client. */
const moreEvents = `
  WITH chosen AS (SELECT id, title, client_id FROM jobs ORDER BY random() LIMIT $1),
  added AS (
    INSERT INTO outbox (aggregate, kind, payload)
    SELECT 'application:' || chosen.id, 'application.submitted', jsonb_build_object(
      'applicationId', chosen.id, 'jobId', chosen.id, 'jobTitle', chosen.title, 'clientId', chosen.client_id, 'workerId', chosen.client_id)
    FROM chosen RETURNING id)
  SELECT pg_notify('outbox', ''), count(*) FROM added`

async function untilHandled(admin: pg.Client, which = ''): Promise<void> {
  for (const end = performance.now() + patience; performance.now() < end; await delay(10)) {
    const { rows } = await admin.query(`SELECT FROM outbox WHERE handled_at IS NULL ${which} LIMIT 1`)
    if (rows.length === 0) return
  }
  throw new Error(`The events had not all had their effect after ${patience / 1000} s`)
}

function noOps({ pid, ask }: Child<Given, number>, redisUrl: string): Side {
  return { name: 'BullMQ', measure }

  async function measure() {
    const before = cpuOf(pid)
    const seconds = await ask({ redisUrl, concurrency: workerConcurrency, count: jobCount })
    const after = cpuOf(pid)
    const cpu = before === undefined || after === undefined ? undefined : (after - before) / jobCount
    return { count: jobCount, rate: jobCount / seconds, cpu }
  }
}
