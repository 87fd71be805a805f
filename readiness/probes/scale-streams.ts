// Live notifications on two replicas: told wherever the stream is, once and in order, and closed cleanly when a replica goes.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { make, openJob } from './scene.ts'

type Message = { kind: string; after?: number; number?: number; notification?: { id: string } }
type Options = { after?: number; headers?: Record<string, string>; protocols?: string[]; autoPong?: boolean }
/** Milliseconds until what was told has to be there: the regular look of this stack comes later. */
const soon = 15_000

export async function tellsWhereverTheStreamIs(context: Context): Promise<Evidence> {
  const { api, server, startApi, until, env } = context
  const [client, door] = await Promise.all([api.as('client'), startApi()])
  const [here, there] = [server.url, door.url]
  const open = (url: string, person?: Person, options: Options = {}) => openStream(url, person?.token, options)
  const refused = await refusals(open, here, client)

  const streams = [await open(here, client), await open(there, client)]
  const applied = await Promise.all([1, 2, 3, 4, 5].map(() => apply(context, client)))
  for (const { numbers } of streams) await until('not-told', () => numbers().length >= applied.length, { within: soon })
  for (const { numbers } of streams) if (numbers().join() !== '1,2,3,4,5') red('not-once-in-order', numbers().join())
  const ids = streams.map(({ ids }) => ids().join())
  const listed = (await client.call('GET', '/v1/me/notifications')).json<{ data: { id: string }[] }>().data
  const list = listed.map(({ id }) => id).reverse()
  if (ids.some((told) => told !== list.join())) red('not-as-the-list', `${ids.join(' and ')}, but ${list.join()}`)

  const silent = await open(here, await api.as('client'), { autoPong: false })
  await ends(silent.closed, 1006, 'silent-goes-on')
  door.child.kill('SIGTERM')
  await ends(streams[1]?.closed, 1012, 'not-told-to-leave')
  await apply(context, client)
  const again = await open(here, client, { after: 2 })
  await until('missed', () => again.numbers().join() === '3,4,5,6', { within: soon })
  await slowIsShownOut(context, open, here)
  for (const { socket } of [...streams, again]) socket.terminate()
  return { refused, streams: 2, told: 6, pingEvery: Number(env.STREAM_PING_MS), closedWith: [1006, 1013, 1012] }
}

type Open = (url: string, person?: Person, options?: Options) => ReturnType<typeof openStream>

async function refusals(open: Open, url: string, person: Person): Promise<string[]> {
  const expected: [string, string, Person | undefined, Options][] = [
    ['a stranger', '401', undefined, {}],
    ['a forged token', '401', undefined, { headers: { authorization: 'Bearer forged' } }],
    ['a page of another site', '403', person, { headers: { origin: 'https://evil.example' } }],
  ]
  for (const [who, status, as, options] of expected) {
    const seen = await open(url, as, options).catch((error: Error) => error.message)
    if (typeof seen !== 'string') red('let-in', who)
    if (!seen.includes(status)) red('not-answered', `${who}: ${seen}`)
  }
  const all = [await open(url, person), await open(url, person)]
  const third = await open(url, person).catch((error: Error) => error.message)
  if (typeof third !== 'string' || !third.includes('429')) red('no-limit', String(third))
  for (const { socket, closed } of all) {
    socket.close()
    await closed
  }
  return [...expected.map(([who]) => who), 'a third stream of one user']
}

/** More waits for it than connections hold, and it reads none of it. */
async function slowIsShownOut(context: Context, open: Open, url: string): Promise<void> {
  const { api, sql, server, metrics, until } = context
  const slow = await api.as('client')
  await sql.owner(
    `WITH made AS (
       INSERT INTO notifications (user_id, event_id, kind, data, number)
       SELECT $1, uuidv7(), 'application.submitted', jsonb_build_object('text', repeat('x', 20000)), n FROM generate_series(1, 1000) AS n)
     INSERT INTO notification_counts (user_id, last) VALUES ($1, 1000)`,
    [slow.id],
  )
  const { socket, numbers, closed } = await open(url, slow, { after: 0 })
  socket.pause()
  // Its end comes after all that it has not read.
  const isGivenUp = async () => ((await metrics(server)).get('seaworthy_streams_closed_total{code="1013"}') ?? 0) > 0
  await until('slow-goes-on', isGivenUp, { within: soon })
  socket.resume()
  await ends(closed, 1013, 'slow-goes-on')
  if (numbers().length >= 1000) red('slow-goes-on', `${numbers().length} were kept for it`)
}

async function apply(context: Context, client: Person): Promise<void> {
  const [job, worker] = await Promise.all([openJob(client.call), context.api.as('worker')])
  await make(worker.call, 'applyForJob', { part: job.id })
}

async function ends(closed: Promise<number> | undefined, code: number, reason: string): Promise<void> {
  const seen = await Promise.race([closed, new Promise<string>((late) => setTimeout(late, soon, 'it goes on').unref())])
  if (seen !== code) red(reason, `${seen}, not ${code}`)
}

/** Rejects with the status of a refusal. */
async function openStream(
  url: string,
  token: string | undefined,
  { after, headers = {}, protocols = [], ...options }: Options,
) {
  const query = after === undefined ? '' : `?after=${after}`
  const authorization = token && { authorization: `Bearer ${token}` }
  const at = `${url.replace('http', 'ws')}/v1/me/notifications/stream${query}`
  const socket = new WebSocket(at, protocols, { headers: { ...authorization, ...headers }, ...options })
  const told: Message[] = []
  socket.on('message', (text) => told.push(JSON.parse(String(text)) as Message))
  socket.on('error', () => {})
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await once(socket, 'message')
  return {
    socket,
    closed,
    numbers: () => told.flatMap(({ number }) => number ?? []),
    ids: () => told.flatMap(({ notification }) => notification?.id ?? []),
  }
}
