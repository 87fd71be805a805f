// An acceptance of which the last step fails, beside one that goes through.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'

const whole = {
  contracts: 1,
  job: 'closed',
  applications: ['accepted', 'rejected', 'rejected'],
  audited: ['application.accepted'],
  events: ['application.accepted', 'application.rejected', 'application.rejected'],
}
const nothing = {
  contracts: 0,
  job: 'open',
  applications: ['submitted', 'submitted', 'submitted'],
  audited: [],
  events: [],
}
type State = Record<keyof typeof whole, unknown>

// The events of the rejections are the last that an acceptance writes.
const refuseLastStep = `
  CREATE FUNCTION refuse_rejection() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
  CREATE TRIGGER refuse_rejection BEFORE INSERT ON outbox FOR EACH ROW WHEN (NEW.kind = 'application.rejected')
    EXECUTE FUNCTION refuse_rejection()`

/** Answers what was seen of both. */
export async function acceptWholeOrNot({ api, sql }: Context) {
  const workers = await Promise.all([1, 2, 3].map(() => api.as('worker')))

  const good = await prepare()
  await accept(good.client, good.chosen)
  compare(await stateOf(good), whole, 'missing')

  const bad = await prepare()
  const key = randomUUID()
  const path = `/v1/applications/${bad.chosen}/acceptance`
  await sql.owner(refuseLastStep)
  const failed = await bad.client
    .call('POST', path, { key })
    .finally(() => sql.owner('DROP FUNCTION refuse_rejection CASCADE'))
  if (failed.status < 500) red('nothing-failed', `${failed.status} ${failed.text.slice(0, 300)}`)
  compare(await stateOf(bad), nothing, 'kept')

  const repeated = await bad.client.call('POST', path, { key })
  if (repeated.status !== 201) red('cannot-be-repeated', `${repeated.status} ${repeated.text.slice(0, 300)}`)
  compare(await stateOf(bad), whole, 'missing')
  return { parts: Object.keys(whole), failed: failed.status, repeated: repeated.status }

  async function prepare() {
    const client = await api.as('client')
    const job = await openJob(client)
    const [chosen = ''] = await Promise.all(workers.map((worker) => apply(worker, job)))
    return { client, job, chosen }
  }

  async function stateOf({ client, job }: Awaited<ReturnType<typeof prepare>>): Promise<State> {
    const [state] = await sql.owner<State>(
      `SELECT (SELECT count(*)::int FROM contracts WHERE job_id = $1) AS contracts,
        (SELECT status FROM jobs WHERE id = $1) AS job,
        ARRAY(SELECT status FROM applications WHERE job_id = $1 ORDER BY 1) AS applications,
        ARRAY(SELECT action FROM audit_log WHERE actor_id = $2 AND action NOT IN ('job.created', 'job.published')
          AND object_type NOT IN ('user', 'session') ORDER BY 1) AS audited,
        ARRAY(SELECT kind FROM outbox WHERE payload->>'jobId' = $1::text AND kind <> 'application.submitted' ORDER BY 1) AS events`,
      [job, client.id],
    )
    return state as State
  }
}

/** Red by the part that is not as it should be, such as `audited-kept`. */
function compare(seen: State, wanted: State, how: 'missing' | 'kept'): void {
  for (const part of Object.keys(whole) as (keyof State)[])
    if (String(seen[part]) !== String(wanted[part])) red(`${part}-${how}`, `${part}: ${seen[part]}`)
}
