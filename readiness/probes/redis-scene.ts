// Light work while Redis fails: jobs, applications, acceptances. Each turn tells two people, and mails one, exactly once.
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import { red } from '../control.ts'
import { mailsTo, told } from './mail-scene.ts'
import { count, draft, together } from './reliability-scene.ts'

type Api = Pick<Context['api'], 'as'>
export type Work = Awaited<ReturnType<typeof openWork>>

/** Seconds within which all is well again, after whatever was done to Redis. */
const bound = 30

const handled = `SELECT count(*) FROM outbox WHERE aggregate = $1 AND handled_at IS NOT NULL
  AND kind IN ('application.submitted', 'application.accepted')`
const toldOf = 'SELECT count(*) FROM notifications WHERE user_id = $1 AND kind = $2'

/** A client and a worker who go on as if nothing were the matter. Red by `wrong-answer` where a call is refused, or its answer is not so. */
export async function openWork(context: Context, api: Api) {
  const [client, worker] = await together(api.as('client'), api.as('worker'))
  let turns = 0

  return { client, worker, turn, goOn, turns: () => turns, canary, allToldOnce }

  /** Answers the id of an application that was accepted. */
  async function turn(): Promise<string> {
    const job = idOf(await client.call('POST', '/v1/jobs', { body: draft() }))
    idOf(await client.call('POST', `/v1/jobs/${job}/publication`))
    const body = { coverLetter: 'I moor all weathers.' }
    const id = idOf(await worker.call('POST', `/v1/jobs/${job}/applications`, { body }))
    idOf(await client.call('POST', `/v1/applications/${id}/acceptance`))
    turns += 1
    const seen = await worker.call('GET', `/v1/applications/${id}`)
    if (seen.status !== 200 || seen.json().status !== 'accepted') red('wrong-answer', told(seen))
    return id
  }

  /** Turn after turn, until it is stopped; `stop` is red where a turn was. */
  function goOn() {
    let stopped = false
    const lane = (async () => {
      while (!stopped) {
        await turn()
        await delay(250)
      }
    })()
    lane.catch(() => {})
    return {
      async stop(): Promise<void> {
        stopped = true
        await lane
      },
    }
  }

  /** Another turn, whose events have their effect within the bound. Answers the seconds that it took. */
  async function canary(reason: string): Promise<number> {
    const begun = performance.now()
    const id = await turn()
    const isDone = async () => (await count(context, handled, [`application:${id}`])) === 2
    await context.until(reason, isDone, { within: bound * 1000 })
    return secondsSince(begun)
  }

  /** What was told of all turns, when nobody makes any more. */
  async function allToldOnce(begun: number): Promise<number> {
    const open = 'SELECT count(*) FROM outbox WHERE handled_at IS NULL'
    const left = () => bound * 1000 - (performance.now() - begun)
    const isDone = async () => (await count(context, open)) === 0
    await context.until('event-lost', isDone, { within: Math.max(1000, left()) })
    const seconds = secondsSince(begun)
    const times = {
      submitted: await count(context, toldOf, [client.id, 'application.submitted']),
      acceptedToClient: await count(context, toldOf, [client.id, 'application.accepted']),
      acceptedToWorker: await count(context, toldOf, [worker.id, 'application.accepted']),
      mails: mailsTo(context.mail, worker.email).length,
    }
    const seen = JSON.stringify(times)
    if (Object.values(times).some((many) => many < turns)) red('event-lost', `${seen} of ${turns} turns`)
    if (Object.values(times).some((many) => many > turns)) red('told-twice', `${seen} of ${turns} turns`)
    return seconds
  }
}

function idOf(answer: Answer): string {
  if (answer.status >= 300) red('wrong-answer', told(answer))
  return String(answer.json().id)
}

export const secondsSince = (begun: number) => Math.round((performance.now() - begun) / 100) / 10
