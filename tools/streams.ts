// `npm run test:streams [-- --people N --each N --seed N]`: people listen to their notifications over several streams each, through the
// edge, on two replicas, one of which is killed while they are told. Everybody must have been told of each notification once and in
// order, over each of their streams, and their list must have every one of them.
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Caller, createCaller, join, type Person } from './journey.ts'
import { manyRequests, openNginx } from './nginx.ts'
import { withOwnDatabase } from './own-database.ts'
import { randomOf } from './random.ts'
import { openStack, usualSettings } from './stack.ts'
import { faultOf } from './streams/findings.ts'
import { type Listener, startListener } from './streams/listener.ts'

/** Applications that each person gets, half of them before a replica is killed, the others from then on. */
const applicants = 6
/** Calls at once. */
const lanes = 16
/** Milliseconds that a call is repeated for, and that all may take to be told and connected again. */
const patience = 60_000

type Options = { people: number; each: number; seed: number; say: (line: string) => void }
export type Streamed = {
  streams: number
  told: number
  /** Seconds from the kill until every stream was open again. */
  again: number
  ends: Record<string, number>
  faults: string[]
}

export async function playStreams({ people, each, seed, say }: Options): Promise<Streamed> {
  return withOwnDatabase('streams', async ({ appUrl }) => {
    const most = { STREAMS_PER_USER: String(each), STREAMS_MAX: String(people * each) }
    const stack = await openStack({
      appUrl,
      env: { ...usualSettings(), ...most, TRUST_PROXY: '127.0.0.1/32' },
      apis: 2,
    })
    const edge = await openNginx({ upstreams: stack.replicas.map(({ host }) => host), edits: manyRequests })
    const listeners: Listener[] = []
    try {
      const call = createCaller(stack.url, patience)
      const workers = await inLanes(Array.from({ length: applicants }), () => join(call, 'worker'))
      const scene = await inLanes(Array.from({ length: people }), () => withJob(call))
      say(`${people} people have a job each`)
      const random = randomOf(seed)
      for (const { person } of scene)
        for (let n = 0; n < each; n++) listeners.push(startListener({ url: edge.url, ca: edge.ca, person, random }))
      await until('every stream is open', () => listeners.every((one) => one.isOpen()))
      say(`${listeners.length} streams are open`)

      const applications = workers.flatMap((worker) => scene.map(({ jobId }) => ({ worker, jobId })))
      const half = applications.length / 2
      const apply = (some: typeof applications) => inLanes(some, ({ worker, jobId }) => applyFor(call, worker, jobId))
      await apply(applications.slice(0, half))
      const applying = apply(applications.slice(half))
      const killed = performance.now()
      await stack.replicas[1]?.restart('SIGKILL')
      say('a replica was killed, and is back')
      await until('every stream is open again', () => listeners.every((one) => one.isOpen()))
      const again = (performance.now() - killed) / 1000
      await applying
      await until('everybody is told of all', () => listeners.every(({ told }) => told.length >= applicants))
      const lists = new Map(await inLanes(scene, async ({ person }) => [person, await listOf(call, person)] as const))
      const wrong = listeners.flatMap(({ person, told }) => faultOf(told, lists.get(person) ?? []) ?? [])
      const short = [...lists.values()].filter((list) => list.length !== applicants).length
      const ends = listeners.flatMap((one) => one.ends)
      return {
        ...{ streams: listeners.length, told: listeners.reduce((sum, one) => sum + one.told.length, 0), again },
        ends: Object.fromEntries([...Map.groupBy(ends, (end) => end)].map(([end, all]) => [end, all.length])),
        faults: [
          ...(wrong.length > 0 ? [`${wrong.length} streams were told wrongly, such as: ${wrong[0]}`] : []),
          ...(short > 0 ? [`${short} lists have not exactly ${applicants} notifications`] : []),
          ...(ends.length === 0 ? ['no stream ended when a replica was killed: nothing was examined'] : []),
        ],
      }
    } finally {
      await Promise.all(listeners.map((one) => one.stop()))
      await edge.close()
      await stack.close()
    }
  })
}

async function withJob(call: Caller): Promise<{ person: Person; jobId: string }> {
  const person = await join(call, 'client')
  const budget = { amount: 45_000, currency: 'EUR' }
  const body = { title: 'Watch the harbour', description: 'At night.', category: 'operations', budget }
  const { id } = await call('POST', '/v1/jobs', { as: person, body })
  await call('POST', `/v1/jobs/${id}/publication`, { as: person })
  return { person, jobId: id }
}

const applyFor = (call: Caller, worker: Person, jobId: string) =>
  call('POST', `/v1/jobs/${jobId}/applications`, { as: worker, body: { coverLetter: 'I see well in the dark.' } })

/** From the first to the last. */
async function listOf(call: Caller, person: Person): Promise<string[]> {
  const { data } = await call('GET', '/v1/me/notifications?limit=50', { as: person })
  return (data as { id: string }[]).map(({ id }) => id).reverse()
}

async function inLanes<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  let next = 0
  const lane = async () => {
    for (let at = next++; at < all.length; at = next++) done[at] = await work(all[at] as T)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return done
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + patience; !isSo(); await delay(50))
    if (performance.now() > end) throw new Error(`Not within ${patience / 1000} s: ${what}`)
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '400' },
      each: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [people, each, seed] = [Number(values.people), Number(values.each), Number(values.seed)]
  const { streams, told, again, ends, faults } = await playStreams({ people, each, seed, say: console.log })
  console.log(`${streams} streams were told ${told} times; all were open again ${again.toFixed(1)} s after the kill`)
  for (const [end, times] of Object.entries(ends)) console.log(`${end}: ${times} times`)
  for (const fault of faults) console.error(`FAIL  ${fault}`)
  if (faults.length === 0) console.log('Everybody was told of everything, once and in order.')
  process.exitCode = faults.length > 0 ? 1 : 0
}
