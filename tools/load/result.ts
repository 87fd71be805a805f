// What is kept of a run: figures and verdicts, small enough to be read in a diff.
import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import process from 'node:process'
import { planOf, type Scenario } from '../../k6/scenarios.ts'
import type { Agreement } from './agreement.ts'
import { figuresOf, thresholdsOf } from './figures.ts'
import type { Played } from './program.ts'
import { type Part, partsOf, type Sample } from './samples.ts'

type Used = { cpu: Partial<Record<Part, number>>; answered: number }
type Seen = {
  scenario: Scenario
  users?: number | undefined
  minutes?: number | undefined
  target: string
  played: Played
  agreements?: Agreement[] | undefined
  samples: Sample[]
  used?: Used | undefined
  disturbed?: string[] | undefined
}
export type Result = ReturnType<typeof resultOf>

/** Milliseconds that 95 of 100 answers take at most where the service still keeps up. */
const keepsUp = 500

export function resultOf({ scenario, users, minutes, target, played, agreements, samples, used, disturbed }: Seen) {
  const plan = planOf(scenario, { users, minutes })
  const { code, summary } = played
  return {
    scenario,
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(),
    machine: {
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: process.platform,
      node: process.version,
    },
    target,
    users: plan.users,
    averageUsers: rounded(plan.average),
    seconds: rounded(summary.state.testRunDurationMs / 1000),
    code,
    figures: mapped(figuresOf(summary), rounded),
    thresholds: thresholdsOf(summary),
    agreements: agreements ?? [],
    /** Whether the database was looked at. */
    compared: agreements !== undefined,
    parts: partsSeen(samples, used),
    ...(plan.rate !== undefined && { end: endOf(samples, plan.rate) }),
    ...(disturbed && { disturbed }),
  }
}

/** What is wrong, in sentences; none where all holds. */
export function faultsOf(result: Result): string[] {
  const { figures, thresholds, agreements, code } = result
  // Where the end of what can be taken is looked for, a missed threshold is what was found.
  const missed = 'end' in result ? [] : thresholds.filter(({ met }) => !met)
  return [
    ...(figures.limited > 0
      ? [`void: ${figures.limited} calls met a limit (429), which config/load.env should rule out`]
      : []),
    ...(figures.requests === 0 ? ['nothing was called'] : []),
    ...missed.map(({ metric, rule }) => `threshold missed: ${metric} ${rule}`),
    ...(code === 0 || code === 99 ? [] : [`k6 ended with ${code}`]),
    ...agreements.flatMap((one) =>
      one.agrees ? [] : [`the database has ${one.found} of ${one.name}, where ${spanOf(one)} were answered`],
    ),
  ]
}

export const spanOf = ({ counted, unknown }: Agreement) =>
  unknown === 0 ? `${counted}` : `${counted} to ${counted + unknown}`

/** CPU in milliseconds a request, by part; the most that was seen of the rest. */
function partsSeen(samples: Sample[], used: Used | undefined) {
  if (!used || samples.length === 0 || used.answered === 0) return undefined
  const most = (of: (sample: Sample) => number) => rounded(Math.max(...samples.map(of)))
  return {
    cpuMsPerRequest: partsOf((part) => shareOf(used.cpu[part], used.answered / 1000)),
    mostCores: partsOf((part) => most(({ cores }) => cores[part] ?? 0)),
    mostWaitingForPool: most(({ waiting }) => waiting),
    mostLoopDelayMs: most(({ loopDelay }) => loopDelay),
  }
}

const shareOf = (seconds: number | undefined, thousands: number) =>
  seconds === undefined ? undefined : rounded(seconds / thousands)

/** The most answers a second at which none was refused and 95 of 100 took less than half a second; and what stopped there. */
function endOf(samples: Sample[], asked: number) {
  const well = samples.filter(({ p95, shed }) => p95 <= keepsUp && shed === 0)
  const best = well.reduce<Sample | undefined>(
    (one, other) => (one && one.perSecond >= other.perSecond ? one : other),
    undefined,
  )
  const beyond = samples.find(({ at }) => best && at > best.at)
  return {
    askedPerSecond: asked,
    perSecond: best && rounded(best.perSecond),
    cores: mapped(best?.cores ?? {}, rounded),
    waitingForPool: best?.waiting,
    loopDelayMs: best && rounded(best.loopDelay),
    next: beyond && {
      perSecond: rounded(beyond.perSecond),
      p95: rounded(beyond.p95),
      shedPerSecond: rounded(beyond.shed),
    },
  }
}

/** Three figures after the point of what is small, one of what is not. */
const rounded = (value: number) => (Math.abs(value) < 10 ? Number(value.toFixed(4)) : Number(value.toFixed(1)))
const mapped = <T extends object>(all: T, of: (value: number) => number) =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name, of(value)])) as T

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
