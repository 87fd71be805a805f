// The table of docs/degraded-modes.md, row by row under load: mail, Redis, PostgreSQL and both of these go and come back.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Link, openLink } from '../../tools/link.ts'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { mailsTo } from './mail-scene.ts'
import { accept, apply, draft, kill, openJob, outcome, paced, type Scene } from './reliability-scene.ts'

type Load = ReturnType<Context['load']>
/** What each kind of call is answered with. */
type Statuses = { publicRead: number; ownRead: number; write: number }
type Phase = {
  name: string
  lose: () => Promise<unknown>
  mend: () => Promise<unknown>
  api: string[]
  worker: string[]
  answers: Statuses
}
const lanes = 1
const well: Statuses = { publicRead: 200, ownRead: 200, write: 201 }
const readsOfCacheOnly: Statuses = { publicRead: 200, ownRead: 503, write: 503 }

export async function holdsRowByRow(context: Context): Promise<Evidence> {
  const { redis, link, mail, apiAt, until, load, api } = context
  const toMail = await openLink(Number(new URL(mail.smtpUrl).port))
  const worker = await replaceWorker(context, toMail)
  const asked = { api: api.anonymous, worker: apiAt(worker.url).anonymous }
  const scene = await openJob(context)
  const loads = {
    publicRead: load(() => paced(() => api.anonymous('GET', `/v1/jobs/${scene.jobId}`)), lanes),
    ownRead: load(() => paced(() => scene.client.call('GET', '/v1/contracts')), lanes),
    write: load(() => paced(() => scene.client.call('POST', '/v1/jobs', { body: draft() })), lanes),
  }
  try {
    const waited = await mailWaits(context, scene, worker, toMail)
    const redisAway = { api: ['limits-local', 'cache-local'], worker: ['events-wait'] }
    const kills = async () => redis.kill('SIGKILL')
    const restarts = () => redis.restart()
    const phases: Phase[] = [
      { name: 'Redis', lose: kills, mend: restarts, ...redisAway, answers: well },
      {
        ...{ name: 'PostgreSQL', lose: link.cut, mend: link.mend, answers: readsOfCacheOnly },
        ...{ api: ['database-away'], worker: ['database-away'] },
      },
      {
        name: 'both',
        lose: () => Promise.all([kills(), link.cut()]),
        mend: () => Promise.all([restarts(), link.mend()]),
        api: [...redisAway.api, 'database-away'],
        worker: ['events-wait', 'database-away'],
        answers: readsOfCacheOnly,
      },
    ]
    const seen: string[] = []
    for (const phase of phases) seen.push(await goesThrough(phase, loads, asked, until))
    await until('mail-not-sent', () => mailsOf(context, scene) === 1)
    await until('does-not-return', async () => (await askReady(asked.worker)).json().status === 'ready', {
      within: 15_000,
    })
    return { rows: [waited, ...seen], answers: await judge(loads) }
  } finally {
    await Promise.all([...Object.values(loads).map((one) => one.stop()), toMail.close()])
  }
}

/** Red by `ready-hangs` when ready takes longer than the two seconds that it may take at most. */
export async function askReady(call: Call): Promise<Answer> {
  const seen = await outcome(call('GET', '/health/ready', { within: 2000 }))
  return seen instanceof Error ? red('ready-hangs', seen.message) : seen
}

/** Ready has to stay 200, and to name the modes. */
export async function tellsTheMode(until: Context['until'], call: Call, ...modes: string[]): Promise<void> {
  await until('loss-not-told', async () => {
    const answer = await askReady(call)
    if (answer.status !== 200) red('covered-loss-is-503', answer.text.slice(0, 200))
    const said = answer.json<{ status: string; modes: string[] }>()
    return said.status === 'degraded' && modes.every((mode) => said.modes.includes(mode))
  })
}

/** The rows of the table are the modes that the service knows, each with a sample in the metrics. */
export async function rowsAreKnownModes({
  tree,
  metrics,
  apiAt,
  startApi,
  workers: [worker],
}: Context): Promise<string[]> {
  const table = readFileSync(join(tree, 'docs/degraded-modes.md'), 'utf8')
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name ?? '')
  const ofWorker = (await apiAt(worker?.url ?? '').anonymous('GET', '/metrics')).text
  const withStandby = await startApi({ DATABASE_STANDBY_HOST: '127.0.0.1:1' })
  const samples = [...(await metrics()).keys(), ...(await metrics(withStandby)).keys(), ...ofWorker.split('\n')]
  const known = new Set(samples.flatMap((line) => /^seaworthy_degraded_mode\{mode="(.*?)"\}/.exec(line)?.[1] ?? []))
  const differ = [...rows.filter((row) => !known.has(row)), ...[...known].filter((mode) => !rows.includes(mode))]
  if (rows.length === 0 || differ.length > 0) red('table-differs', differ.join())
  return rows
}

/** In the place of the stack's worker, one whose way to the mail server is cut. */
async function replaceWorker({ workers, startWorker }: Context, toMail: Link): Promise<Door> {
  await toMail.cut()
  for (const worker of workers) await kill(worker)
  return startWorker({ SMTP_URL: `smtp://127.0.0.1:${toMail.port}` })
}

const mailsOf = ({ mail }: Context, { worker }: Scene) => mailsTo(mail, worker.email).length

/** The contract is made and told of without the mail, which is tried again. */
async function mailWaits(context: Context, scene: Scene, worker: Door, toMail: Link): Promise<string> {
  const { apiAt, until } = context
  const accepted = await accept(scene, await apply(scene))
  if (accepted.status !== 201) red('write-refused', `without mail: ${accepted.status}`)
  await tellsTheMode(until, apiAt(worker.url).anonymous, 'mail-waits')
  await until('mail-not-tried', () => worker.said().includes('a job failed'))
  await toMail.mend()
  return 'mail: mail-waits'
}

async function goesThrough(
  { name, lose, mend, api, worker, answers }: Phase,
  loads: Record<keyof Statuses, Load>,
  asked: { api: Call; worker: Call },
  until: Context['until'],
): Promise<string> {
  await eachIs(name, well, [], loads, until)
  await lose()
  await tellsTheMode(until, asked.api, ...api)
  await tellsTheMode(until, asked.worker, ...worker)
  await eachIs(name, answers, api, loads, until)
  await mend()
  await until('does-not-return', async () => (await askReady(asked.api)).text.includes('"ready"'))
  await until('does-not-return', async () => {
    const { text } = await askReady(asked.worker)
    return !worker.some((mode) => text.includes(`"${mode}"`))
  })
  await eachIs(name, well, [], loads, until)
  return `${name}: ${[...new Set([...api, ...worker])].join(', ')}`
}

/** The next answers of each load: they have the status, and name the modes. */
async function eachIs(
  when: string,
  statuses: Statuses,
  modes: string[],
  loads: Record<keyof Statuses, Load>,
  until: Context['until'],
): Promise<void> {
  const all = Object.entries(loads) as [keyof Statuses, Load][]
  // Those that are under way may have begun before.
  const from = new Map(all.map(([kind, { outcomes }]) => [kind, outcomes.length + lanes]))
  const enough = () => all.every(([kind, { outcomes }]) => outcomes.length >= (from.get(kind) ?? 0) + 3)
  await until('load-stands-still', enough)
  for (const [kind, { outcomes }] of all) {
    for (const seen of outcomes.slice(from.get(kind)).slice(0, 3)) {
      if (seen instanceof Error) return red('wrong-answer', `${when}, ${kind}: ${seen.message}`)
      const told = seen.field('degraded-mode')?.split(', ') ?? []
      const about = `${when}, ${kind}: ${seen.status}, ${told.join()} ${seen.text.slice(0, 200)}`
      if (seen.status !== statuses[kind]) red(statuses[kind] < 300 ? 'refused' : 'not-refused', about)
      if (!modes.every((mode) => told.includes(mode))) red('not-marked', about)
      if (modes.length === 0 && told.length > 0) red('does-not-return', about)
    }
  }
}

/** All through it there are right answers and refusals that say when to try again. */
async function judge(loads: Record<string, Load>): Promise<number> {
  const outcomes = (await Promise.all(Object.values(loads).map((one) => one.stop()))).flat()
  for (const seen of outcomes) {
    if (seen instanceof Error) return red('wrong-answer', seen.message)
    const refused = seen.status === 503 && seen.field('retry-after') !== undefined
    if (seen.status >= 300 && !refused) red('wrong-answer', `${seen.status} ${seen.text.slice(0, 200)}`)
  }
  return outcomes.length
}
