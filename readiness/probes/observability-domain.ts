// OBS-10: what people and the service did is counted where it is kept: once, whichever process did it, and not where it was undone.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { agreed, earned } from './money-scene.ts'
import { growthOf } from './observability-samples.ts'
import { invoke, make } from './scene.ts'

type Grown = Awaited<ReturnType<typeof growthOf>>
type Expected = [count: number, name: string, labels: Record<string, string>]

const action = (name: string, count: number): Expected => [count, 'seaworthy_actions_total', { action: name }]
const security = (kind: string, count: number): Expected => [count, 'seaworthy_security_events_total', { kind }]
const told = (kind: string, count: number): Expected => [count, 'seaworthy_notifications_total', { kind }]
const euros = { currency: 'EUR' }
const payments = (kind: string, status: string, amount: number): Expected[] => [
  [1, 'seaworthy_payments_total', { kind, status, ...euros }],
  [amount, 'seaworthy_payments_minor_units_total', { kind, status, ...euros }],
]

/** Three who register, and an admin whom the operator makes; three contracts, of which one is paid and one is declined. */
const expected: Expected[] = [
  action('user.registered', 4),
  security('sign-in.succeeded', 3),
  security('sign-in.failed', 1),
  action('job.created', 4),
  action('job.published', 3),
  action('application.submitted', 3),
  action('application.accepted', 3),
  action('contract.funded', 1),
  action('contract.funding-failed', 1),
  ...payments('charge', 'succeeded', 10_000),
  ...payments('charge', 'failed', 10_000),
  ...payments('payout', 'succeeded', 100),
  told('application.submitted', 3),
  // Both sides are told.
  told('application.accepted', 6),
]

export async function actionsAreCounted(context: Context): Promise<Evidence> {
  const { api, server, workers, sql, until } = context
  const grown = await growthOf(context, server, ...workers)
  const client = await api.as('client')
  const worker = await api.as('worker')
  await invoke(api.anonymous, 'register')
  await api.anonymous('POST', '/v1/auth/login', { body: { email: client.email, password: 'not the password' } })
  await replayed(client)
  await accept(client, await apply(worker, await openJob(client)))
  await movesMoney(context, { client, worker })

  const untold = 'SELECT FROM outbox WHERE handled_at IS NULL AND dead_at IS NULL'
  await until('never-told', async () => (await sql.owner(untold)).length === 0, { within: 20_000 })
  await allAreCounted(context, grown)
  await undoneIsNotCounted(context, grown, client, worker)
  await toldAgainIsNotCounted(context, grown)
  return {
    counters: expected.length,
    ...(await webhooksAreCounted(context, grown)),
    ...(await cacheIsCounted(context)),
  }
}

async function allAreCounted({ until }: Context, grown: Grown): Promise<void> {
  const wrong = async (is: (seen: number, count: number) => boolean) => {
    const seen = await Promise.all(expected.map(([, name, labels]) => grown(name, labels)))
    return expected.flatMap(([count, name, labels], at) =>
      is(seen[at] ?? 0, count) ? [`${seen[at]} of ${count}: ${name}${JSON.stringify(labels)}`] : [],
    )
  }
  const lacking = () => wrong((seen, count) => seen < count)
  await until('not-counted', async () => (await lacking()).length === 0, { within: 3000 }).catch(
    async (error: Error) => {
      throw Object.assign(error, { message: `${error.message}: ${await lacking()}` })
    },
  )
  const [more] = await wrong((seen, count) => seen > count)
  if (more) red('counted-twice', more)
}

/** A call under a key that was used before: the job is that of the first. */
async function replayed({ call }: Person): Promise<void> {
  const body = {
    title: `Caulk the deck ${randomUUID().slice(0, 8)}`,
    description: 'All of it.',
    category: 'operations',
  }
  const again = { body: { ...body, budget: { amount: 9000, currency: 'EUR' } }, key: randomUUID() }
  const first = await make(call, 'createJob', again)
  const second = await make(call, 'createJob', again)
  if (first.id !== second.id) red('replay-made-another', `${first.id} and ${second.id}`)
}

async function movesMoney(context: Context, both: { client: Person; worker: Person }): Promise<void> {
  await earned(context, both, 10_000)
  const declined = await agreed(both, 10_000)
  context.payments.fault({ do: 'decline', on: 'charge' })
  await invoke(both.client.call, 'fundContract', { part: declined })
  await make(both.worker.call, 'payOut')
}

/** The change is made, and then its event can't be written: nothing of it stays. */
async function undoneIsNotCounted({ sql }: Context, grown: Grown, client: Person, worker: Person): Promise<void> {
  const part = await openJob(client)
  const [name, labels] = ['seaworthy_actions_total', { action: 'application.submitted' }] as const
  const before = await grown(name, labels)
  await sql.owner('REVOKE INSERT ON outbox FROM seaworthy_app')
  const answer = await invoke(worker.call, 'applyForJob', { part })
  await sql.owner('GRANT INSERT ON outbox TO seaworthy_app')
  if (answer.status < 500) red('was-not-undone', String(answer.status))
  if ((await grown(name, labels)) !== before) red('undone-is-counted', 'an application that was rolled back')
}

async function toldAgainIsNotCounted({ sql, until }: Context, grown: Grown): Promise<void> {
  const [name, labels] = ['seaworthy_notifications_total', { kind: 'application.submitted' }] as const
  const before = await grown(name, labels)
  const again = `UPDATE outbox SET handled_at = NULL, published_at = to_timestamp(0)
    WHERE id = (SELECT id FROM outbox WHERE kind = 'application.submitted' LIMIT 1) RETURNING id`
  const [event] = await sql.owner<{ id: string }>(again)
  const handled = 'SELECT FROM outbox WHERE id = $1 AND handled_at IS NOT NULL'
  await until('not-told-again', async () => (await sql.owner(handled, [event?.id])).length === 1)
  if ((await grown(name, labels)) !== before) red('repetition-is-counted', 'an event that was told before')
}

async function webhooksAreCounted({ api, payments, until }: Context, grown: Grown) {
  const effects = ['settled', 'nothing', 'unmatched', 'contradicts', 'repeated']
  const received = async () => {
    const all = await Promise.all(effects.map((effect) => grown('seaworthy_webhooks_total', { effect })))
    return all.reduce((sum, count) => sum + count, 0)
  }
  const { length } = payments.events()
  await until('webhook-not-counted', async () => (await received()) >= length)
  if ((await received()) > length) red('webhook-counted-twice', `${await received()} of ${length}`)
  const repeated = () => grown('seaworthy_webhooks_total', { effect: 'repeated' })
  const before = await repeated()
  payments.sendAgain(payments.events()[0]?.id)
  await until('webhook-not-counted', async () => (await repeated()) === before + 1)
  await invoke(api.anonymous, 'receivePaymentEvent')
  const refused = await grown('seaworthy_webhooks_total', { effect: 'refused' })
  if (refused !== 1) red(refused > 1 ? 'webhook-counted-twice' : 'webhook-not-counted', `${refused} refused`)
  return { webhooks: length, refused }
}

/** The first read asks the database, the second one does not. */
async function cacheIsCounted(context: Context) {
  const grown = await growthOf(context, context.server)
  const [once, twice] = [randomUUID(), randomUUID()]
  for (const word of [once, twice, twice]) await context.api.anonymous('GET', `/v1/jobs?q=${word}`)
  const of = (result: string) => grown('seaworthy_cache_reads_total', { name: 'listJobs', result })
  const [missed, hit] = [await of('miss'), await of('hit')]
  if (missed !== 2 || hit !== 1) red('cache-miscounted', `${missed} missed, ${hit} hit`)
  return { cacheMissed: missed, cacheHit: hit }
}
