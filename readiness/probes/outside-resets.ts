// REL-07: an operator sees the breakers of all processes, and closes one everywhere.
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, fund, parties } from './money-scene.ts'
import { stateOf } from './outside-payments.ts'

type Listed = { name: string; process: string; service: string; state: string }

/** Breakers stay open for an hour in this stack. */
export async function breakersAreSeenAndReset(context: Context): Promise<Evidence> {
  const { payments, api, until, server, sql } = context
  const both = await parties(context)
  const [admin, support] = await Promise.all([api.as('admin'), api.as('support')])
  const other = await context.startApi()
  const isOpen = async (door: Door) => (await stateOf(context, door, 'payments')) === 2
  const list = async () => {
    const answer = await support.call('GET', '/v1/admin/breakers')
    if (answer.status !== 200) red('not-listed', String(answer.status))
    return answer.json<{ data: Listed[] }>().data.filter(({ name }) => name === 'payments')
  }
  payments.fault({ do: 'fail', times: 10_000 })
  for (const url of [api.url, other.url]) {
    const client = { ...both.client, call: context.apiAt(url).withToken(both.client.token) }
    await fund({ client }, await agreed(both))
  }
  if (!((await isOpen(server)) && (await isOpen(other)))) throw new Error('The breakers did not open')
  const seen = await until('not-listed', async () => {
    const open = (await list()).filter(({ state }) => state === 'open')
    return new Set(open.map(({ process }) => process)).size >= 2 && open
  })
  payments.heal()

  const url = '/v1/admin/breakers/payments/reset'
  if ((await support.call('PUT', url)).status !== 403) red('anyone-may-reset')
  const answer = await admin.call('PUT', url)
  if (answer.status !== 200) red('cannot-reset', `${answer.status} ${answer.text.slice(0, 200)}`)
  const paid = await fund(both, await agreed(both))
  if (paid.status !== 201) red('reset-ignored', String(paid.status))
  await until('not-everywhere', async () => !(await isOpen(other)), { within: 5000 })
  await until('not-listed', async () => (await list()).every(({ state }) => state === 'closed'))
  const rows = await sql.owner<{ actor_id: string }>("SELECT actor_id FROM audit_log WHERE action = 'breaker.reset'")
  if (rows.length !== 1 || rows[0]?.actor_id !== admin.id) red('not-audited', `${rows.length} rows`)
  return {
    openBefore: seen.length,
    services: [...new Set(seen.map(({ service }) => service))],
    afterTheReset: paid.status,
  }
}
