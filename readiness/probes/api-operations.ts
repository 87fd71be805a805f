// API-08: the same route answers at once where the provider is quick, and with an operation where it is not.
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, chargesFor, contractOf, earned, fund, parties } from './money-scene.ts'
import { invoke } from './scene.ts'

/** PAYMENTS_QUICK_MS of the control. */
export const quick = 2000
/** Milliseconds of a provider that is slower. */
const slow = 6000

export async function answersNowOrLater(context: Context): Promise<Evidence> {
  const both = await parties(context)
  const { client, worker } = both
  const statuses: number[] = []
  const isNow = async (call: Call, answer: Answer) => {
    if (answer.status !== 201) red('quick-is-late', told(answer))
    await leadsToPayment(call, answer.field('location'))
    statuses.push(answer.status)
  }
  await isNow(client.call, await invoke(client.call, 'fundContract', { part: await agreed(both) }))
  await earned(context, both)
  await isNow(worker.call, await invoke(worker.call, 'payOut'))

  const later = await agreed(both)
  for (const on of ['charge', 'payout'] as const) context.payments.fault({ do: 'slow', on, ms: slow })
  for (const [call, ask] of [
    [client.call, () => fund(both, later)],
    [worker.call, () => invoke(worker.call, 'payOut')],
  ] as const) {
    const from = performance.now()
    const answer = await ask()
    const took = performance.now() - from
    if (answer.status !== 202) red('never-late', `${told(answer)} after ${Math.round(took)} ms`)
    if (took >= slow) red('never-late', `202 after ${Math.round(took)} ms`)
    await operationEnds(context, call, answer)
    statuses.push(answer.status)
  }
  const { status } = await contractOf(client.call, later)
  if (status !== 'funded') red('ends-without-effect', `the contract is ${status}`)
  const charges = chargesFor(context, later).length
  if (charges !== 1) red('done-twice', `${charges} charges`)
  return { statuses, charges }
}

/** The operation of a 202: it is there at once and pending, belongs to who asked, and leads to the payment. */
async function operationEnds({ api, until }: Context, call: Call, answer: Answer): Promise<void> {
  const path = answer.field('location') ?? ''
  const first = await call('GET', path)
  if (first.status !== 200 || path !== `/v1/operations/${answer.json().id}`)
    red('no-operation', `${path}: ${told(first)}`)
  const stranger = await (await api.as('client')).call('GET', path)
  if (stranger.status !== 404) red('operation-of-another', told(stranger))
  type Operation = { status: string; result: { href: string } | null }
  const ended = await until('operation-never-ends', async () => {
    const operation = (await call('GET', path)).json<Operation>()
    return ['succeeded', 'failed'].includes(operation.status) && operation
  })
  if (ended.status !== 'succeeded') red('operation-failed', JSON.stringify(ended))
  await leadsToPayment(call, ended.result?.href)
}

async function leadsToPayment(call: Call, path: string | undefined): Promise<void> {
  const answer = await call('GET', path ?? '/')
  if (answer.status !== 200 || answer.json().status !== 'succeeded') red('leads-nowhere', `${path}: ${told(answer)}`)
}

const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 300)}`
