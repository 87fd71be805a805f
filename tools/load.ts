// `npm run load -- SCENARIO [--users N --minutes N] [--url URL [--anywhere] [--database URL]] [--keep]`: plays a scenario of k6/ and says
// what came of it. It ends with 1 where a threshold was missed, the database has not what was answered, or a limit was met; with 2 where
// the command line is wrong. Everything runs on this machine, k6 too, so only ratios within a run say something of another one.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { planOf } from '../k6/scenarios.ts'
import { withClient } from './create-database.ts'
import { holdAgainst, type Query, timeOf } from './load/agreement.ts'
import { type Ground, withGround } from './load/ground.ts'
import { type Options, readOptions, UsageError, usage } from './load/options.ts'
import { renderPage } from './load/page.ts'
import { findK6, playScenario } from './load/program.ts'
import { faultsOf, resultOf } from './load/result.ts'
import { type Sample, startSampling } from './load/samples.ts'
import { textOf } from './load/text.ts'

const root = resolve(import.meta.dirname, '..')
/** A line for so many samples. */
const saidEach = 5

async function play(options: Options): Promise<boolean> {
  const { scenario, url, database } = options
  const k6 = await findK6()
  const plan = planOf(scenario, options)
  const ground = { scenario, url, database, users: plan.users, say: console.log }
  return withGround(ground, async (found) => {
    console.log(`${scenario}: ${plan.users} people at ${found.url}, for ${plan.seconds} s`)
    const begun = Date.now()
    const { result, samples, said } = await measure(k6, found, options)
    for (const line of said
      .split('\n')
      .filter((line) => line.includes('level=warning'))
      .slice(0, 20))
      console.error(line)
    console.log(`\n${textOf(result)}\n`)
    const faults = faultsOf(result)
    for (const fault of faults) console.error(`FAIL  ${fault}`)
    console.log(`Page: ${write('.local/load', `${scenario}.html`, renderPage(result, samples, begun))}`)
    if (options.keep)
      console.log(`Kept: ${write('k6/results', `${scenario}.json`, `${JSON.stringify(result, undefined, 2)}\n`)}`)
    return faults.length === 0
  })
}

async function measure(k6: Awaited<ReturnType<typeof findK6>>, ground: Ground, options: Options) {
  const { scenario, users, minutes } = options
  const { database, cast, watched, disturb, url, ca } = ground
  const query = database === undefined ? undefined : queryAt(database)
  const since = query && (await timeOf(query))
  const sampling = watched && startSampling(watched, tell())
  const [played, disturbed] = await Promise.all([
    playScenario(k6, { scenario, url, cast, users, minutes, ca }),
    disturb?.(planOf(scenario, options).seconds * 1000),
  ])
  const used = await sampling?.stop()
  const emails = cast.people.map(({ email }) => email)
  const agreements = query && since && (await holdAgainst(query, { summary: played.summary, emails, since }))
  const samples = sampling?.samples ?? []
  const target = options.url ? new URL(options.url).host : 'a service of its own'
  const result = resultOf({ scenario, users, minutes, target, played, agreements, samples, used, disturbed })
  return { result, samples, said: played.said }
}

const queryAt =
  (url: string): Query =>
  (text, values) =>
    withClient(url, async (owner) => (await owner.query(text, values)).rows)

function tell(): (sample: Sample) => void {
  let heard = 0
  return ({ at, perSecond, p95, shed, cores }) => {
    if (++heard % saidEach !== 0) return
    const busy = Object.entries(cores).map(([part, value]) => `${part} ${value.toFixed(2)}`)
    console.log(
      `${at.toFixed(0)} s: ${perSecond.toFixed(0)}/s, p95 ${p95.toFixed(0)} ms, ${shed.toFixed(0)}/s refused; cores: ${busy.join(', ')}`,
    )
  }
}

function write(folder: string, name: string, text: string): string {
  mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(root, folder, name), text)
  return join(folder, name)
}

try {
  process.exitCode = (await play(readOptions(process.argv.slice(2)))) ? 0 : 1
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
