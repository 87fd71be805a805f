// A crowd of virtual users at the running stack, as k6 sees it.
import type { Scenario } from '../../k6/scenarios.ts'
import { holdAgainst, timeOf } from '../../tools/load/agreement.ts'
import { figuresOf, thresholdsOf } from '../../tools/load/figures.ts'
import { type Cast, findK6, playScenario } from '../../tools/load/program.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, lacking, red } from '../control.ts'
import { crowdOf } from './crowd-scene.ts'

/** Of each part: shorter than `npm run load` takes, long enough for everybody to come and call some ten times. */
const minutes = 1
const sizes = { load: 200, peak: 1000 } as const
/** What has to be a threshold, and for which reason it is red where it is missed. */
const asked: Record<string, string> = {
  'limited count<1': 'limited',
  'http_req_failed rate<0.001': 'errors',
  'checks rate>0.999': 'wrong-answers',
  'http_req_duration p(95)<500': 'too-slow',
  'http_req_duration p(99)<1000': 'too-slow',
}

export async function holdsForACrowd(context: Context): Promise<Evidence> {
  const cast = await crowdOf(context, sizes.peak)
  return { ...(await play(context, 'load', cast)), ...(await play(context, 'peak', cast)) }
}

async function play({ api, sql }: Context, scenario: keyof typeof sizes & Scenario, cast: Cast): Promise<Evidence> {
  const k6 = await findK6().catch((error: Error) => lacking('k6', error.message))
  const users = sizes[scenario]
  const since = await timeOf(sql.owner)
  const { code, summary, said } = await playScenario(k6, { scenario, url: api.url, cast, users, minutes })
  const [figures, thresholds] = [figuresOf(summary), thresholdsOf(summary)]
  const told = `${scenario}: ${JSON.stringify(figures)}`
  for (const [rule, reason] of Object.entries(asked)) {
    const found =
      thresholds.find((one) => `${one.metric} ${one.rule}` === rule) ?? red('no-threshold', `${scenario}: ${rule}`)
    if (!found.met) red(reason, told)
  }
  if (figures.mostUsers < users) red('too-few-people', told)
  const few = thresholds.find(({ metric, met }) => metric === 'http_reqs' && !met)
  if (few) red('too-few-requests', told)
  if (code !== 0) red('k6-failed', said.slice(-500))
  const emails = cast.people.map(({ email }) => email)
  for (const one of await holdAgainst(sql.owner, { summary, emails, since }))
    if (!one.agrees || one.counted === 0) red('database-differs', `${scenario}: ${JSON.stringify(one)}`)
  return {
    [`${scenario}Users`]: figures.mostUsers,
    [`${scenario}PerSecond`]: Math.round(figures.perSecond),
    [`${scenario}P95Ms`]: Math.round(figures.p95),
    [`${scenario}P99Ms`]: Math.round(figures.p99),
    [`${scenario}Failed`]: figures.failed,
  }
}
