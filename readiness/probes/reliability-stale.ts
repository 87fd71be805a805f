// What the cache answers while PostgreSQL is away, and for how long.
import type { Context } from '../context/context.ts'
import type { Answer } from '../context/http.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { tellsTheMode } from './reliability-modes.ts'
import { openJob } from './reliability-scene.ts'

/** Seconds for which an answer counts as fresh, and then, by the settings of the stack, for which it may still be served. */
const [lifetime, grace] = [60, 60]

export async function servesStaleWithinABound(context: Context): Promise<Evidence> {
  const { startApi, apiAt, link, until } = context
  const { client, jobId } = await openJob(context)
  const door = await startApi({}, ['readiness/probes/reliability-clock.ts'])
  const { anonymous, withToken } = apiAt(door.url)
  const paths = [`/v1/jobs/${jobId}`, `/v1/jobs?clientId=${client.id}`]
  const read = () => Promise.all(paths.map((path) => anonymous('GET', path)))
  const fresh = await read()
  for (const answer of fresh) if (answer.status !== 200) red('never-served', told(answer))

  await link.cut()
  await tellsTheMode(until, anonymous, 'database-away')
  const own = await withToken(client.token)('GET', '/v1/contracts')
  if (!isRefused(own)) red('not-a-503', told(own))
  await turnClock(door, lifetime + grace / 2)
  const stale = await until('not-stale', async () => {
    const answers = await read()
    for (const answer of answers) if (answer.status !== 200) red('not-served', told(answer))
    return answers.every((answer) => ageOf(answer) > lifetime) && answers
  })
  for (const [at, answer] of stale.entries()) {
    if (answer.text !== fresh[at]?.text) red('another-answer', told(answer))
    if (!/; ttl=-\d/.test(answer.field('cache-status') ?? '')) red('not-marked', answer.field('cache-status'))
    if (!answer.field('degraded-mode')?.includes('database-away')) red('not-marked', 'no degraded mode')
  }
  await turnClock(door, grace)
  const late = await until('served-beyond-the-bound', async () => {
    const answers = await read()
    return answers.every(({ status }) => status !== 200) && answers
  })
  for (const answer of late) if (!isRefused(answer)) red('not-a-503', told(answer))

  await link.mend()
  await until('does-not-return', async () =>
    (await read()).every((answer) => answer.status === 200 && ageOf(answer) === 0),
  )
  return {
    stale: stale.map(
      (answer) => `${answer.status}, Age: ${ageOf(answer)}, Cache-Status: ${answer.field('cache-status')}`,
    ),
    beyondTheBound: late.map(({ status }) => status),
    mended: 200,
  }
}

/** In steps of half a minute, one after the other: signals of a kind that arrive at once are one. */
async function turnClock({ child }: Door, seconds: number): Promise<void> {
  for (let turned = 0; turned < seconds; turned += 30) {
    child.kill('SIGURG')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const ageOf = (answer: Answer) => Number(answer.field('age') ?? 0)
const isRefused = (answer: Answer) => answer.status === 503 && Number(answer.field('retry-after')) > 0
const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 200)}`
