// Feature flags as an administrator changes them and as people meet them, on two processes.
import type { Context } from '../context/context.ts'
import type { Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { make } from './scene.ts'

const [flag, experiment, people] = ['live-notifications', 'digest-subject', 100]
/** Asked at once: more would be a load of its own. */
const atOnce = 10

export async function flagsDivideSteadily(context: Context): Promise<Evidence> {
  const { api, sql, until, startApi, apiAt } = context
  const [admin, door] = await Promise.all([api.as('admin'), startApi()])
  const second = apiAt(door.url).withToken(admin.token)
  const ids = await sql.owner<{ id: string }>(
    `INSERT INTO users (email, name, role, password_hash)
     SELECT 'flags-' || n || '@example.com', 'One of many', 'client', '$argon2id$' FROM generate_series(1, $1) AS n RETURNING id`,
    [people],
  )
  const variants = async (call: Call, name: string) => {
    const found: string[] = []
    for (let from = 0; from < people; from += atOnce)
      found.push(...(await Promise.all(ids.slice(from, from + atOnce).map(({ id }) => variantOf(call, name, id)))))
    return found
  }
  const settle = async (name: string, shares: Record<string, number>, more: object = {}) => {
    const split = Object.entries(shares).map(([variant, percent]) => ({ variant, percent }))
    await make(admin.call, 'changeFlag', { part: name, body: { isOn: true, split, rules: [], ...more } })
  }

  await settle(flag, { on: 20, off: 80 })
  const some = await variants(admin.call, flag)
  const share = some.filter((variant) => variant === 'on').length / people
  if (share < 0.08 || share > 0.32) red('percentage-ignored', `${share} of ${people} for 20 %`)
  await until('not-followed', async () => (await variants(second, flag)).join() === some.join(), { within: 15_000 })

  await settle(flag, { on: 50, off: 50 })
  const more = await variants(admin.call, flag)
  const lost = some.filter((variant, at) => variant === 'on' && more[at] !== 'on').length
  if (lost > 0) red('not-sticky', `${lost} lost it when the share grew`)

  await settle(experiment, { plain: 50, counted: 50 })
  const assigned = await variants(admin.call, experiment)
  const [same, counted] = [
    assigned.filter((variant, at) => (variant === 'counted') === (more[at] === 'on')).length / people,
    assigned.filter((variant) => variant === 'counted').length / people,
  ]
  if (counted < 0.3 || counted > 0.7) red('experiment-not-assigned', `${counted} of ${people}`)
  if (same < 0.3 || same > 0.7) red('same-people-in-each', `${same} of ${people}`)

  const { call, id } = admin
  await settle(flag, { on: 0, off: 100 }, { rules: [{ roles: ['admin'], variant: 'on' }] })
  if ((await variantOf(call, flag, id)) !== 'on') red('rule-ignored')
  await settle(flag, { on: 100, off: 0 }, { isOn: false, rules: [{ roles: ['admin'], variant: 'on' }] })
  if ((await variantOf(call, flag, id)) !== 'off') red('kill-switch-ignored')
  const [row] = await sql.owner<{ count: number }>(
    "SELECT count(*)::int AS count FROM audit_log WHERE action = 'flag.changed' AND actor_id = $1",
    [id],
  )
  if (row?.count !== 5) red('not-audited', `${row?.count} of 5 changes`)
  return { people, share, lost, counted, sameInBoth: same, changesAudited: row.count }
}

async function variantOf(call: Call, name: string, id: string): Promise<string> {
  const answer = await call('GET', `/v1/admin/users/${id}/flags`)
  if (answer.status !== 200) red('cannot-look', `${answer.status} ${answer.text.slice(0, 200)}`)
  const { data } = answer.json<{ data: { name: string; variant: string }[] }>()
  return data.find((flag) => flag.name === name)?.variant ?? 'none'
}
