// The lists of the API with what makes them dear: whoever posts, applies or is reviewed the most, frequent and rare words, wide and
// narrow filters. Each is read at its beginning, and those that say their `name` also deep inside.
import type { Role } from '../../src/lib/actor.ts'
import { clientNumber, personOf, workerNumber } from '../seed/names.ts'

export type List = {
  path: string
  /** Nobody, unless it says who. */
  who?: { id: string; role: Role }
  /** What its cursors are bound to, and how to find the key of a row: `keys` is read from `from`, in the order of `by`. */
  deep?: { name: string; keys: string; from: string; by: string }
  /** Pages that its statements may touch: see verdict.ts. */
  most?: number
}

/** A filter that the order of a list knows nothing of passes over rows until a page is full: so many at the most. */
const filtered = 6000

const [client, worker, rare] = [personOf(clientNumber(0)), personOf(workerNumber(0)), personOf(workerNumber(40))]
const [admin, support] = [personOf(0), personOf(1)]
const byTime = (party: string) => ({ keys: 'created_at, id', by: 'created_at, id', from: party })
const jobs = (status: string, by: string, direction: '' | 'DESC') => ({
  ...{ keys: `${by}, id`, by: `${by} ${direction}, id ${direction}` },
  from: `jobs WHERE status = '${status}' AND deleted_at IS NULL`,
})
const jobsNamed = (filters: Record<string, unknown>) => {
  const all: Record<string, unknown> = { status: 'open', sort: 'newest', ...filters }
  return `jobs ${JSON.stringify(all, Object.keys(all).sort())}`
}

/** `busyJob` has the most applications; `owner` posted it. */
export const listsOf = ({ busyJob, owner }: { busyJob: string; owner: { id: string; role: Role } }): List[] => [
  { path: '/v1/jobs', deep: { name: jobsNamed({}), ...jobs('open', 'listed_at', 'DESC') } },
  { path: '/v1/jobs?sort=oldest', deep: { name: jobsNamed({ sort: 'oldest' }), ...jobs('open', 'listed_at', '') } },
  {
    path: '/v1/jobs?sort=highest-budget',
    deep: { name: jobsNamed({ sort: 'highest-budget' }), ...jobs('open', 'budget_amount', 'DESC') },
  },
  {
    path: '/v1/jobs?status=closed',
    deep: { name: jobsNamed({ status: 'closed' }), ...jobs('closed', 'listed_at', 'DESC') },
  },
  {
    path: '/v1/jobs?status=closed&sort=lowest-budget',
    deep: { name: jobsNamed({ status: 'closed', sort: 'lowest-budget' }), ...jobs('closed', 'budget_amount', '') },
  },
  { path: '/v1/jobs?category=engineering' },
  { path: '/v1/jobs?category=other' },
  { path: '/v1/jobs?category=other&sort=highest-budget', most: filtered },
  { path: '/v1/jobs?status=closed&category=other&sort=lowest-budget', most: filtered },
  { path: '/v1/jobs?q=website', most: filtered },
  { path: '/v1/jobs?q=astrolabe', most: filtered },
  { path: '/v1/jobs?q=astrolabe%20stavoren', most: filtered },
  { path: '/v1/jobs?q=nowhere%20mentioned' },
  { path: '/v1/jobs?skill=javascript', most: filtered },
  { path: '/v1/jobs?skill=cartography', most: filtered },
  { path: '/v1/jobs?skill=cartography&category=other&status=closed&sort=lowest-budget', most: filtered },
  { path: '/v1/jobs?minBudget=100000&maxBudget=101000', most: filtered },
  { path: `/v1/jobs?clientId=${client.id}`, most: filtered },
  { path: `/v1/jobs?clientId=${client.id}&status=closed&sort=highest-budget`, most: filtered },
  { path: '/v1/jobs?status=draft', who: client, most: filtered },
  {
    path: '/v1/jobs?status=draft',
    who: support,
    deep: { name: jobsNamed({ status: 'draft' }), ...jobs('draft', 'listed_at', 'DESC') },
  },
  {
    path: '/v1/jobs?status=draft&sort=highest-budget',
    who: support,
    deep: { name: jobsNamed({ status: 'draft', sort: 'highest-budget' }), ...jobs('draft', 'budget_amount', 'DESC') },
  },
  {
    path: `/v1/jobs/${busyJob}/applications`,
    who: owner,
    deep: { name: `applications of job ${busyJob}`, ...byTime(`applications WHERE job_id = '${busyJob}'`) },
  },
  {
    path: '/v1/me/applications',
    who: worker,
    deep: { name: `applications of worker ${worker.id}`, ...byTime(`applications WHERE worker_id = '${worker.id}'`) },
  },
  { path: '/v1/me/applications', who: rare },
  {
    path: '/v1/contracts',
    who: client,
    deep: { name: `contracts ${client.id}`, ...byTime(`contracts WHERE client_id = '${client.id}'`) },
  },
  {
    path: '/v1/contracts',
    who: worker,
    deep: { name: `contracts ${worker.id}`, ...byTime(`contracts WHERE worker_id = '${worker.id}'`) },
  },
  { path: '/v1/contracts', who: rare },
  { path: '/v1/contracts', who: admin, deep: { name: 'contracts ', ...byTime('contracts') } },
  {
    path: '/v1/payments',
    who: client,
    deep: { name: `payments ${client.id}`, ...byTime(`payments WHERE user_id = '${client.id}'`) },
  },
  { path: '/v1/payments', who: admin, deep: { name: 'payments ', ...byTime('payments') } },
  { path: '/v1/me/notifications', who: client },
  { path: '/v1/me/wallet', who: worker },
  { path: `/v1/users/${worker.id}/reviews` },
  { path: `/v1/users/${rare.id}/reviews` },
  { path: '/v1/admin/users', who: admin, deep: { name: 'users {}', keys: 'id', from: 'users', by: 'id DESC' } },
  { path: '/v1/admin/users?role=worker', who: admin },
  { path: '/v1/admin/audit', who: admin, deep: { name: 'audit {}', keys: 'id', from: 'audit_log', by: 'id DESC' } },
  { path: '/v1/admin/audit?objectType=job', who: admin },
  { path: `/v1/admin/audit?actorId=${client.id}`, who: admin },
  { path: '/v1/admin/disputes', who: admin },
]
