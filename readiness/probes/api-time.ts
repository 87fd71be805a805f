// Requests that take too long, and clients that hang up: what becomes of their SQL.
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { openJob } from './scene.ts'

const cover = { body: { coverLetter: 'I moor all weathers.' } }

/** The limit is one second here, and all limits of the database are far longer. */
export async function givesUpAndCancels(context: Context): Promise<Evidence> {
  const { api, sql, until, startApi, apiAt } = context
  const [client, worker] = [await api.as('client'), await api.as('worker')]
  const { id } = await openJob(client.call)
  const held = await sql.hold('applications')
  const tooLong = async (what: string, call: () => ReturnType<typeof worker.call>) => {
    const start = performance.now()
    const answer = await call().catch((error: Error) => red('no-504', `${what}: ${error.message}`))
    const took = Math.round(performance.now() - start)
    if (answer.status !== 504 && answer.status !== 503) red('no-504', `${what}: ${answer.status} after ${took} ms`)
    if (took < 900) red('given-up-too-early', `${what}: ${took} ms`)
    await until('sql-goes-on', async () => (await held.waiting()) === 0, { within: 4000 })
    return took
  }
  const read = await tooLong('a read', () => worker.call('GET', '/v1/me/applications', { within: 6000 }))
  const write = await tooLong('a write', () =>
    worker.call('POST', `/v1/jobs/${id}/applications`, { ...cover, within: 6000 }),
  )

  const patient = apiAt((await startApi({ HANDLER_TIMEOUT_MS: '60000' })).url).withToken(worker.token)
  const gone = patient('POST', `/v1/jobs/${id}/applications`, { ...cover, within: 1500 }).catch((error: Error) => error)
  await until('not-in-use', async () => (await held.waiting()) === 1)
  if (!((await gone) instanceof Error)) red('hang-up-not-seen')
  await until('hang-up-ignored', async () => (await held.waiting()) === 0, { within: 4000 })
  await held.release()

  const [kept] = await sql.owner<{ count: string }>('SELECT count(*) FROM applications WHERE job_id = $1', [id])
  if (Number(kept?.count) !== 0) red('given-up-but-kept', `${kept?.count} applications`)
  const after = await worker.call('POST', `/v1/jobs/${id}/applications`, cover)
  if (after.status !== 201) red('not-well-again', `${after.status} ${after.text.slice(0, 200)}`)
  return { readMs: read, writeMs: write, keptOfGivenUp: 0, afterwards: after.status }
}
