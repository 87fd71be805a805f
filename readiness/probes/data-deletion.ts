// A deleted job goes out of sight, comes back, and is removed for good after its time.
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { red } from '../control.ts'
import { accept, apply, draftJob, openJob } from './data-journey.ts'

/** `days` is how long deleted jobs are kept on this stack. */
export async function deleteAndPurge({ api, sql, finish }: Context, days: number) {
  const [client, stranger, worker] = await Promise.all([api.as('client'), api.as('client'), api.as('worker')])
  const [open, draft] = await Promise.all([openJob(client), draftJob(client)])
  const [young, old, contracted] = await Promise.all([openJob(client), openJob(client), openJob(client)])
  await Promise.all([apply(worker, old), apply(worker, contracted).then((made) => accept(client, made))])

  const underContract = await client.call('DELETE', `/v1/jobs/${contracted}`)
  if (underContract.status !== 409) red('deleted-under-contract', String(underContract.status))
  for (const job of [open, draft, young, old]) await remove(job)
  const restored = [await restore(open, 'open'), await restore(draft, 'draft')]

  await age(young, days - 1)
  for (const job of [old, contracted]) await age(job, days + 1)
  const purge = await finish(['src/purge.ts'])
  if (purge.code !== 0) red('purge-failed', purge.said.slice(0, 500))
  const left = (await sql.owner<{ id: string }>('SELECT id FROM jobs')).map(({ id }) => id)
  if (left.includes(old)) red('never-purged')
  if (!left.includes(young)) red('purged-too-early')
  if (!left.includes(contracted)) red('purged-under-contract')
  for (const job of [open, draft]) if (!left.includes(job)) red('purged-alive')
  if ((await sql.owner('SELECT FROM applications WHERE job_id = $1', [old])).length > 0) red('applications-left')
  return { restored, afterDays: days, purged: 1, keptYounger: await restore(young, 'open'), keptUnderContract: 1 }

  /** It is gone for its client, for everyone and from lists, and still in the database. */
  async function remove(job: string) {
    const { status } = await client.call('DELETE', `/v1/jobs/${job}`)
    if (status !== 204) red('cannot-delete', String(status))
    const rows = await sql.owner('SELECT FROM jobs WHERE id = $1 AND deleted_at IS NOT NULL', [job])
    if (rows.length !== 1) red('hard-deleted')
    const seen = await Promise.all([client.call, api.anonymous].map((call) => call('GET', `/v1/jobs/${job}`)))
    if (!seen.every(({ status }) => status === 404)) red('seen-after-deletion')
    if (await isListed(job)) red('listed-after-deletion')
  }

  async function restore(job: string, wanted: string): Promise<string> {
    const path = `/v1/jobs/${job}/restoration`
    if ((await stranger.call('POST', path)).status !== 404) red('restored-by-a-stranger')
    const answer = await client.call('POST', path)
    if (answer.status !== 200) red('cannot-restore', `${answer.status} ${answer.text.slice(0, 300)}`)
    const { status } = answer.json<{ status: string }>()
    if (status !== wanted) red('other-status', `${status}, not ${wanted}`)
    if (!(await isListed(job, status))) red('not-listed-again')
    return status
  }

  async function isListed(job: string, status?: string): Promise<boolean> {
    const lists = await Promise.all((status ? [status] : ['open', 'draft']).map((state) => listOf(client, state)))
    return lists.flat().includes(job)
  }

  async function age(job: string, daysAgo: number) {
    await sql.owner('UPDATE jobs SET deleted_at = now() - make_interval(days => $2) WHERE id = $1', [job, daysAgo])
  }
}

async function listOf({ call, id }: Person, status: string): Promise<string[]> {
  const page = await call('GET', `/v1/jobs?clientId=${id}&status=${status}`)
  if (page.status !== 200) red('cannot-list', page.text.slice(0, 300))
  return page.json<{ data: { id: string }[] }>().data.map(({ id }) => id)
}
