// REL-06: a payment provider that fails is left alone, and tried again by one call. REL-08: what is tried again, when, and how often.
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { agreed, fund, parties } from './money-scene.ts'

/** What the metrics of a door say of a breaker: 0 closed, 1 half-open, 2 open. Undefined where it has none of that name. */
export async function stateOf({ apiAt }: Context, { lines, url }: Door, name: string): Promise<number | undefined> {
  const port = lines().find(({ msg }) => msg === 'metrics are served')?.port
  const at = port ? `http://127.0.0.1:${port}` : url
  const { text } = await apiAt(at).anonymous('GET', '/metrics')
  const value = new RegExp(`^seaworthy_breaker_state{name="${name}"} (\\d)$`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}

const charges = ({ payments }: Context) => payments.calls().filter(({ kind }) => kind === 'charge')

async function agreements(both: Awaited<ReturnType<typeof parties>>, count: number): Promise<string[]> {
  const made: string[] = []
  while (made.length < count) made.push(await agreed(both))
  return made
}

/** There is no worker in this stack: nobody else calls. */
export async function paymentsAreLeftAlone(context: Context): Promise<Evidence> {
  const { payments, until, server } = context
  const both = await parties(context)
  const contracts = await agreements(both, 6)
  const pay = () => fund(both, contracts.shift() ?? '')
  const is = (state: number) => async () => (await stateOf(context, server, 'payments')) === state
  payments.fault({ do: 'fail', times: 10_000 })
  await pay()
  await pay()
  // Of a slow machine one more: a try that would begin too late is left out.
  if (!(await is(2)())) await pay()
  await until('never-opens', is(2), { within: 4000 })
  const failures = charges(context).length
  if (failures !== 5) red('opens-at-another-count', String(failures))

  const start = performance.now()
  const meanwhile = await pay()
  const took = Math.round(performance.now() - start)
  if (charges(context).length > failures) red('called-while-open')
  if (took > 4000) red('slow-while-open', `${took} ms`)

  await until('never-half-open', is(1), { within: 6000 })
  await pay()
  const trials = charges(context).length - failures
  if (trials === 0) red('never-tries-again')
  if (trials > 1) red('more-than-one-trial', String(trials))
  if (!(await is(2)())) red('trial-not-counted')

  payments.heal()
  await until('never-half-open', is(1), { within: 6000 })
  const { status } = await pay()
  if (status !== 201 || !(await is(0)())) red('does-not-close', String(status))
  return { failures, answerWhileOpen: `${meanwhile.status} in ${took} ms`, trials, closedBy: 'one call that succeeded' }
}

/** The calls of each payment, by its key, in their order. */
function callsByKey(context: Context) {
  return [...Map.groupBy(charges(context), ({ key }) => key ?? 'none').values()]
}

/** The breaker stays closed in this stack, and there is no worker: all tries are those of one request. */
export async function repeatsWhereItIsSafe(context: Context): Promise<Evidence> {
  const { payments } = context
  const both = await parties(context)
  // Done, but nobody is told: the next try must not do it again.
  payments.fault({ do: 'drop', on: 'charge' })
  const lost = await agreed(both)
  const answer = await fund(both, lost)
  const made = payments.objects('charge').filter(({ metadata }) => metadata.contractId === lost)
  if (made.length !== 1) red('charged-twice', `${made.length} charges`)
  if (answer.status !== 201 || charges(context).length !== 2) red('not-repeated', `${charges(context).length} calls`)

  payments.fault({ do: 'decline', on: 'charge' })
  const before = charges(context).length
  await both.client.call('POST', `/v1/contracts/${await agreed(both)}/funding`, {
    body: { paymentMethod: 'pm_card_visa' },
  })
  if (charges(context).length - before !== 1) red('refusal-repeated', String(charges(context).length - before))

  const waits = await waitsOf(context, both)
  return { charges: made.length, callsAfterALostAnswer: 2, callsAfterARefusal: 1, ...waits }
}

/** Asks until a wait was shorter than the first one is without chance in it, at most 16 times. */
async function waitsOf(context: Context, both: Awaited<ReturnType<typeof parties>>): Promise<Evidence> {
  const seen: number[][] = []
  const known = callsByKey(context).length
  context.payments.fault({ do: 'fail', on: 'charge', times: 10_000 })
  while (seen.length < 3 || (seen.length < 16 && !seen.some(([first = 0]) => first < 95))) {
    await fund(both, await agreed(both))
    const calls = callsByKey(context).at(-1) ?? []
    if (calls.length > 3) red('without-end', `${calls.length} calls of one request`)
    const times = calls.map(({ at }) => Date.parse(at))
    seen.push(times.slice(1).map((time, turn) => time - (times[turn] ?? 0)))
  }
  context.payments.heal()
  if (callsByKey(context).length - known !== seen.length) red('key-changed', 'tries of one payment had several keys')
  const all = seen.flat()
  if (all.length !== 2 * seen.length) red('not-repeated', JSON.stringify(seen))
  if (all.reduce((sum, wait) => sum + wait, 0) / all.length < 45) red('no-backoff', JSON.stringify(seen))
  if (!seen.some(([first = 0]) => first < 95)) red('no-jitter', JSON.stringify(seen))
  return { triesOfOneRequest: 3, waits: all.slice(0, 12) }
}
