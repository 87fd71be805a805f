// PER-12: what is timed by name, here calls of the payment provider and of the mail server, the hash of a
// password and the document of an export: how long, how it ended, and a span.
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { accept, apply, openJob } from './data-journey.ts'
import { isConfirmed } from './mail-scene.ts'
import { agreed, fund } from './money-scene.ts'
import { growthOf } from './observability-samples.ts'

const duration = 'seaworthy_timed_duration_seconds'
const seconds = 0.4

export async function timedByName(context: Context): Promise<Evidence> {
  const { api, mail, payments, server, spans, until, workers } = context
  const work = await growthOf(context, server, ...workers)
  const [client, worker] = [await api.as('client'), await api.as('worker')]
  await client.call('POST', '/v1/me/data-exports')
  for (const name of ['password', 'data-export'])
    await until(`${name}-not-timed`, async () => (await work(`${duration}_count`, { name, outcome: 'success' })) >= 1)
  await isConfirmed(context, [client, worker])
  const [first, second] = [await agreed({ client, worker }), await agreed({ client, worker })]

  const good = await growthOf(context, server)
  payments.fault({ do: 'slow', ms: seconds * 1000, on: 'charge' })
  await fund({ client }, first)
  const ended = { name: 'payments', outcome: 'success' }
  await until('success-not-timed', async () => (await good(`${duration}_count`, ended)) === 1, { within: 4000 })
  const took = await good(`${duration}_sum`, ended)
  if (took < seconds || (await good(`${duration}_bucket`, { ...ended, le: '0.25' })) !== 0)
    red('time-wrong', `${took} s`)

  const bad = await growthOf(context, server)
  payments.fault({ do: 'fail', times: 100, on: 'charge' })
  await fund({ client }, second)
  // One, with its repetitions.
  const failures = () => bad(`${duration}_count`, { name: 'payments', outcome: 'failure' })
  await until('failure-not-timed', async () => (await failures()) === 1, { within: 4000 })
  if ((await bad(`${duration}_count`, ended)) !== 0) red('failure-timed-as-success')
  payments.heal()

  const mails = await growthOf(context, ...workers)
  mail.refuse((address) => (address === worker.email ? 'nobody of that name' : undefined))
  await accept(client, await apply(worker, await openJob(client)))
  const refused = () => mails(`${duration}_count`, { name: 'mail', outcome: 'failure' })
  await until('failure-not-timed', async () => (await refused()) >= 1)

  const spanOf = (name: string, failed: boolean) =>
    until('no-span', () => spans().find((span) => span.name === name && span.failed === failed), { within: 5000 })
  const [well, failed] = [await spanOf('payments', false), await spanOf('payments', true)]
  const ofMail = await spanOf('mail', true)
  for (const span of [failed, ofMail]) if (!span.attributes['error.type']) red('span-without-error', span.name)
  if (well.service !== 'seaworthy-api' || !spans().some(({ spanId }) => spanId === well.parentSpanId))
    red('span-without-parent', well.service)
  return {
    timed: ['password', 'data-export', 'payments', 'mail'],
    tookSeconds: Math.round(took * 100) / 100,
    failures: await failures(),
    refusedMails: await refused(),
  }
}
