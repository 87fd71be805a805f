// Whether each threshold of each scenario can be missed, and whether the document has the numbers of what was kept.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type Scenario, scenarios } from '../../k6/scenarios.ts'
import { figuresOf, thresholdsOf } from '../../tools/load/figures.ts'
import { findK6, type Played, playScenario } from '../../tools/load/program.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, lacking, red } from '../control.ts'
import { cast, openBadService, type Way } from './bad-service.ts'

type K6 = Awaited<ReturnType<typeof findK6>>

/** People, and minutes: long enough for who is served well to call as often as has to be. */
const [users, minutes] = [4, 0.4]
const ways: readonly Way[] = ['sound', 'late', 'failing']
/** k6 processes at a time: each waits for most of its time. */
const lanes = 6
/** What each of them has a threshold for. Where the end is looked for nobody is held to what is answered beyond it. */
const topics = [/^http_req_duration/, /^(http_req_failed|lost)$/, /^checks$/]
/** Without them there is no capacity to speak of. */
const mustBeMeasured = ['smoke', 'load', 'stress', 'spike', 'soak', 'breakpoint']

export async function scenariosCanFail(context: Context): Promise<Evidence> {
  const k6 = await findK6().catch((error: Error) => lacking('k6', error.message))
  const runs = await playAll(k6, context)
  const thresholds = scenarios.map((scenario) => judge(scenario, (way) => runs.get(`${scenario} ${way}`) as Played))
  await exitsByIt(k6, context)
  return {
    scenarios,
    runs: runs.size,
    thresholds: thresholds.reduce((sum, count) => sum + count),
    ...(await isWrittenDown(context)),
  }
}

async function playAll(k6: K6, { tree }: Context): Promise<Map<string, Played>> {
  const services = new Map(await Promise.all(ways.map(async (way) => [way, await openBadService(way)] as const)))
  const waiting = scenarios.flatMap((scenario) => ways.map((way) => ({ scenario, way })))
  const runs = new Map<string, Played>()
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { scenario, way } = next
      const url = services.get(way)?.url ?? ''
      runs.set(`${scenario} ${way}`, await playScenario(k6, { scenario, url, cast, users, minutes, tree }))
    }
  }
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
  } finally {
    await Promise.all([...services.values()].map((service) => service.close()))
  }
  return runs
}

/** All are met where all is well, and each is missed where the service is late, or fails; k6 says so by its exit code. */
function judge(scenario: Scenario, playedAs: (way: Way) => Played): number {
  const [sound, late, failing] = [playedAs('sound'), playedAs('late'), playedAs('failing')]
  const all = thresholdsOf(sound.summary)
  for (const topic of topics)
    if (!all.some(({ metric }) => topic.test(metric)) && !(scenario === 'breakpoint' && topic.test('checks')))
      red('no-threshold', `${scenario}: ${topic}`)
  if (sound.code !== 0)
    red('missed-without-reason', `${scenario}: ${JSON.stringify(all)} ${JSON.stringify(figuresOf(sound.summary))}`)
  const missed = [late, failing].map(({ code, summary }) => {
    const names = thresholdsOf(summary).flatMap(({ metric, rule, met }) => (met ? [] : [`${metric} ${rule}`]))
    if (names.length > 0 && code !== 99) red('exit-code-hides-it', `${scenario}: ${code}`)
    return names
  })
  const never = all.find(({ metric, rule }) => !missed.flat().includes(`${metric} ${rule}`))
  if (never) red('threshold-cannot-fail', `${scenario}: ${never.metric} ${never.rule}`)
  return all.length
}

/** `npm run load` ends as k6 does. */
async function exitsByIt(k6: K6, { finish }: Context): Promise<void> {
  // A copy of the tree has no programs of its own: it finds this one on its path.
  const [program = ''] = k6.command('', [])
  const PATH = [dirname(program), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  for (const [way, expected] of [
    ['sound', 0],
    ['slow', 1],
  ] as const) {
    const service = await openBadService(way)
    const words = [
      'tools/load.ts',
      'smoke',
      '--url',
      service.url,
      '--users',
      String(users),
      '--minutes',
      String(minutes),
    ]
    const { code, said } = await finish(words, { PATH }, 120_000).finally(() => service.close())
    if (code !== expected) red('load-hides-it', `${way}: ${code} ${said.slice(-500)}`)
  }
}

/** `npm run capacity -- --check` is green, and red when a result is another one. */
async function isWrittenDown({ tree, finish, variant }: Context): Promise<Evidence> {
  const folder = (of: string) => join(of, 'k6/results')
  const kept = new Set(readdirSync(tree).includes('k6') ? namesIn(folder(tree)) : [])
  const missing = mustBeMeasured.filter((name) => !kept.has(`${name}.json`))
  if (missing.length > 0) red('not-measured', missing.join(', '))
  const check = async (of: string) => (await finish([join(of, 'tools/capacity.ts'), '--check'])).code
  if ((await check(tree)) !== 0) red('document-differs')
  const text = readFileSync(join(tree, 'docs/capacity.md'), 'utf8')
  const other = variant([])
  for (const name of kept) {
    const file = join(folder(other), name)
    const before = readFileSync(file, 'utf8')
    const result = JSON.parse(before) as { figures: { p95: number } }
    if (!text.includes(`${result.figures.p95.toFixed(0)} ms`)) red('number-not-in-document', name)
    result.figures.p95 += 1000
    writeFileSync(file, JSON.stringify(result))
    if ((await check(other)) !== 1) red('check-sees-nothing', name)
    writeFileSync(file, before)
  }
  return { measured: [...kept] }
}

/** None where nothing was ever kept. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
