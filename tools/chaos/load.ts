// People who go on as if nothing happened: each writes a public job and a draft, one version after the other; strangers and owners read
// them, sign in, make contracts and move money. Every answer is kept, whole enough to be judged later.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { agree, createCaller, join } from '../journey.ts'
import { randomOf } from '../random.ts'
import type { Answer, Client, Wanted } from '../rolling/client.ts'
import type { History, Write } from './history.ts'

type Person = Awaited<ReturnType<typeof join>>
/** `failed` is what nobody should see; `refused` says when to come again. */
export type Outcome = { kind: string; begun: number; ended: number; end: 'good' | 'refused' | 'failed'; why: string }
type Options = {
  client: Client
  url: string
  seed: number
  history: History
  /** As the database has it. */
  versionOf: (jobId: string) => Promise<number>
  people?: number
}

/** Milliseconds: what a cached answer may be behind a write that was answered before (docs/degraded-modes.md, control PER-02). */
const cached = 1000
/** Milliseconds between two calls of a reader, and of a writer. */
const [reading, writing] = [40, 200]
const readers = 3
/** Milliseconds for which a journey is tried again. */
const patience = 120_000

/** `url` is that of one replica, for what is set up before. `stop` ends it and waits for the last answers. */
export async function startLoad({ client, url, seed, history, versionOf, people = 4 }: Options) {
  const outcomes: Outcome[] = []
  const drafts = new Map<string, string | undefined>()
  const call = createCaller(url, patience)
  const clients = await Promise.all(Array.from({ length: people }, () => join(call, 'client')))
  const worker = await join(call, 'worker')
  const things = await Promise.all(clients.flatMap((owner) => [thingOf(owner, 'public'), thingOf(owner, 'draft')]))
  const journeys = { ended: 0 }
  let stopped = false
  const lanes = [
    ...clients.map((owner, at) =>
      write(
        owner,
        things.filter((thing) => thing.owner === owner),
        seed + at,
      ),
    ),
    ...Array.from({ length: readers }, (_, at) => read(seed + 100 + at)),
    signIn(),
    journey(),
  ]

  return {
    outcomes,
    journeys,
    /** Titles of the drafts that were sent, each with the id that was answered, if it was. */
    drafts,
    async stop() {
      stopped = true
      await Promise.all(lanes)
    },
  }

  async function thingOf(owner: Person, kind: 'public' | 'draft') {
    const { id } = await call('POST', '/v1/jobs', { as: owner, body: draftOf(`Chaos ${kind}`) })
    if (kind === 'public') await call('POST', `/v1/jobs/${id}/publication`, { as: owner })
    const { version } = await call('GET', `/v1/jobs/${id}`, { as: owner })
    history.create(id, Number(version))
    return { id, kind, owner, version: Number(version) }
  }

  /** One change after the other of what is theirs, and now and then a new draft, repeated under its key until it is answered. */
  async function write(owner: Person, own: typeof things, seed: number): Promise<void> {
    const random = randomOf(seed)
    for (let turn = 0; !stopped; turn++) {
      await delay(writing * (0.5 + random()))
      const thing = own[turn % own.length]
      if (turn % 5 === 4) await draft(owner)
      else if (thing) await change(thing)
    }
  }

  async function change(thing: (typeof things)[number]): Promise<void> {
    const next = thing.version + 1
    const body = { title: `Chaos, version ${next}` }
    const begun = performance.now()
    const path = `/v1/jobs/${thing.id}`
    const answer = await ask('change', {
      method: 'PATCH',
      path,
      token: thing.owner.token,
      ifMatch: `"${thing.version}"`,
      body,
    })
    const ended = performance.now()
    const isMade = answer.status === 200 ? true : isKnown(answer) ? false : undefined
    const write = history.write(thing.id, { version: next, begun, ended, isMade })
    if (isMade) thing.version = next
    // 412 says that an earlier one, of which nobody knew, was made meanwhile.
    else await learn(thing, write)
  }

  /** What became of it, as the database has it. One that is not there may still come. */
  async function learn(thing: (typeof things)[number], write: Write): Promise<void> {
    while (!stopped) {
      const version = await versionOf(thing.id).catch(() => undefined)
      if (version !== undefined) {
        thing.version = version
        if (write.isMade === undefined && version >= write.version)
          Object.assign(write, { isMade: true, ended: performance.now() })
        return
      }
      await delay(writing)
    }
  }

  async function draft(owner: Person): Promise<void> {
    const title = `Chaos ${randomUUID()}`
    drafts.set(title, undefined)
    const wanted = { method: 'POST', path: '/v1/jobs', token: owner.token, key: randomUUID(), body: draftOf(title) }
    while (!stopped) {
      const answer = await ask('new draft', wanted)
      if (answer.status === 201) return void drafts.set(title, String(JSON.parse(answer.text).id))
      await delay(writing)
    }
  }

  async function read(seed: number): Promise<void> {
    const random = randomOf(seed)
    while (!stopped) {
      await delay(reading * (0.5 + random()))
      const thing = things[Math.floor(random() * things.length)]
      if (thing) await look(thing)
    }
  }

  async function look({ id, kind, owner }: (typeof things)[number]): Promise<void> {
    const begun = performance.now()
    const as = kind === 'draft' && { token: owner.token }
    const answer = await ask(kind === 'draft' ? 'own read' : 'public read', {
      method: 'GET',
      path: `/v1/jobs/${id}`,
      ...as,
    })
    if (answer.status !== 200) return
    const { version } = JSON.parse(answer.text)
    history.read({ of: id, version, begun, ended: performance.now(), bound: kind === 'draft' ? 0 : boundOf(answer) })
  }

  /** A token of any replica counts at any other. */
  async function signIn(): Promise<void> {
    const [email, password] = [`chaos-${randomUUID()}@example.com`, randomUUID()]
    await call('POST', '/v1/auth/register', { body: { email, password, name: 'Chaos', role: 'client' } })
    while (!stopped) {
      await delay(500)
      const answer = await ask('sign-in', {
        method: 'POST',
        path: '/v1/auth/login',
        body: { email, password },
        key: randomUUID(),
      })
      if (answer.status !== 200) continue
      const { accessToken } = JSON.parse(answer.text)
      await ask('read after sign-in', { method: 'GET', path: '/v1/me', token: accessToken })
    }
  }

  /** From a job to a contract, so that there is something to tell. */
  async function journey(): Promise<void> {
    while (!stopped) {
      await delay(300)
      const client = await join(call, 'client')
      await agree(call, client, worker)
      journeys.ended += 1
    }
  }

  async function ask(kind: string, wanted: Wanted): Promise<Answer> {
    const begun = performance.now()
    const answer = await client.ask(wanted)
    const end = answer.status >= 200 && answer.status < 300 ? 'good' : isRefusal(answer) ? 'refused' : 'failed'
    const code = /"code":"(\w+)"/.exec(answer.text)?.[1] ?? ''
    outcomes.push({
      kind,
      begun,
      ended: performance.now(),
      end,
      why: answer.fault ?? `${answer.status} ${code}`.trim(),
    })
    return answer
  }
}

const isKnown = (answer: Answer) => [400, 401, 403, 404, 412].includes(answer.status) || isRefusal(answer)
const isRefusal = ({ status, fields }: Answer) =>
  (status === 503 || status === 429) && fields['retry-after'] !== undefined

/** A stale answer says how old it is (Age, RFC 9111), in whole seconds. */
function boundOf({ fields }: Answer): number {
  const isStale = String(fields['cache-status']).includes('detail=stale')
  return cached + (isStale ? (Number(fields.age) + 1) * 1000 : 0)
}

const draftOf = (title: string) => ({
  title,
  description: 'Before it rains.',
  category: 'operations',
  budget: { amount: 12_000, currency: 'EUR' },
})
