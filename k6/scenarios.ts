// How many people come, for how long, and what has to hold: one shape for each scenario, and k6's options made of it. Read by k6 and by
// tools/load.ts, so it imports nothing.

/** `share` of the time in which the crowd goes in a straight line to `of` its full size. */
type Stage = { share: number; of: number }
type Shape = {
  /** People at once at the most; each waits 1 to 5 s between two calls. */
  users: number
  minutes: number
  stages: readonly Stage[]
  /** Calls a second that are reached in the end, by people who wait for nothing: instead of a crowd that thinks. */
  rate?: number
  thresholds: Record<string, readonly string[]>
}
export type Wanted = { users?: number | undefined; minutes?: number | undefined }

const [callEach, leastShare] = ['http_reqs', 0.25]
/** A 429 says that a limit was measured, and not the service. */
const unlimited = { limited: ['count<1'] }
/** On a day as it should be nothing is refused either. */
const quick = {
  http_req_duration: ['p(95)<500', 'p(99)<1000'],
  http_req_failed: ['rate<0.001'],
  checks: ['rate>0.999'],
  ...unlimited,
}
/** Of a hundred calls the slowest is the first of its kind, which loads what the others find. */
const first = { ...quick, http_req_duration: ['p(95)<500'] }
/** Beyond what it can take it may say when to come again (503, Retry-After), but lose nobody; whom it lets in it serves in time. */
const bounded = {
  'http_req_duration{expected_response:true}': ['p(95)<1000', 'p(99)<2000'],
  lost: ['rate<0.001'],
  checks: ['rate>0.999'],
  ...unlimited,
}
/** Faults take seconds, and who comes meanwhile waits: most calls are as quick as ever, and none is lost. */
const unharmed = { ...bounded, 'http_req_duration{expected_response:true}': ['p(50)<500', 'p(90)<2500'] }

/** Everybody signs in soon after coming, and hashes take time: they come one after the other. */
const steady = [
  { share: 0.2, of: 1 },
  { share: 0.8, of: 1 },
]
const steps = (count: number): Stage[] =>
  Array.from({ length: count }, (_, at) => [
    { share: 0.4 / count, of: (at + 1) / count },
    { share: 0.6 / count, of: (at + 1) / count },
  ]).flat()
const burst = [
  { share: 0.3, of: 0.1 },
  { share: 0.1, of: 1 },
  { share: 0.2, of: 1 },
  { share: 0.1, of: 0.1 },
  { share: 0.3, of: 0.1 },
]

export const shapes = {
  smoke: { users: 5, minutes: 1, stages: steady, thresholds: first },
  load: { users: 200, minutes: 5, stages: steady, thresholds: quick },
  peak: { users: 1000, minutes: 3, stages: steady, thresholds: quick },
  stress: { users: 1500, minutes: 4, stages: steps(5), thresholds: bounded },
  spike: { users: 1500, minutes: 3, stages: burst, thresholds: bounded },
  soak: { users: 100, minutes: 6, stages: steady, thresholds: quick },
  breakpoint: {
    ...{
      users: 1500,
      minutes: 4,
      rate: 2000,
      stages: [
        { share: 0.2, of: 0.02 },
        { share: 0.8, of: 1 },
      ],
    },
    thresholds: { http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'], ...unlimited },
  },
  failure: { users: 60, minutes: 4, stages: steady, thresholds: unharmed },
} satisfies Record<string, Shape>

export type Scenario = keyof typeof shapes
export const scenarios = Object.keys(shapes) as Scenario[]

/** What is run: the shape, with other numbers where they are asked for. */
export function planOf(scenario: Scenario, { users, minutes }: Wanted = {}) {
  const shape: Shape = shapes[scenario]
  const seconds = 60 * (minutes ?? shape.minutes)
  const most = users ?? shape.users
  const stages = shape.stages.map(({ share, of }) => ({
    seconds: share * seconds,
    target: Math.max(1, Math.round(of * most)),
  }))
  return { scenario, seconds, users: most, rate: shape.rate, stages, average: averageOf(stages, seconds) }
}

/** People at once, averaged over the whole time: they come in straight lines. */
function averageOf(stages: readonly { seconds: number; target: number }[], seconds: number): number {
  let [area, before] = [0, 0]
  for (const { seconds: lasts, target } of stages) {
    area += (lasts * (before + target)) / 2
    before = target
  }
  return area / seconds
}

/** As k6 takes it. */
export function optionsOf(scenario: Scenario, wanted: Wanted) {
  const { users, rate, stages, average } = planOf(scenario, wanted)
  const shape: Shape = shapes[scenario]
  const isCalm = rate === undefined && 'http_req_failed' in shape.thresholds
  // A crowd that thinks makes a call each three seconds; one that is served slowly makes fewer.
  const busy: Shape['thresholds'] = isCalm ? { [callEach]: [`rate>=${(leastShare * average).toFixed(2)}`] } : {}
  return {
    scenarios: { [scenario]: rate ? arrivals(users, rate, stages) : crowd(stages) },
    thresholds: thresholdsOf({ ...shape.thresholds, ...busy }, rate !== undefined),
    summaryTrendStats: ['med', 'p(90)', 'p(95)', 'p(99)', 'max'],
    // Each call has its own name; addresses with an id in them would make a series of each job.
    systemTags: ['status', 'method', 'name', 'scenario', 'expected_response', 'error_code'],
    userAgent: 'seaworthy-load',
  }
}

type Stages = readonly { seconds: number; target: number }[]

/** The last call of everybody is waited for: it takes 10 s at most, and thinking 5 s. */
const leaving = { gracefulStop: '20s', gracefulRampDown: '20s' }

const crowd = (stages: Stages) => ({
  executor: 'ramping-vus' as const,
  startVUs: 0,
  stages: stages.map(({ seconds, target }) => ({ duration: durationOf(seconds), target })),
  ...leaving,
})

const arrivals = (users: number, rate: number, stages: Stages) => ({
  executor: 'ramping-arrival-rate' as const,
  startRate: 10,
  timeUnit: '1s',
  preAllocatedVUs: Math.min(users, 200),
  maxVUs: users,
  stages: stages.map(({ seconds, target }) => ({
    duration: durationOf(seconds),
    target: Math.ceil((rate * target) / users),
  })),
  gracefulStop: leaving.gracefulStop,
})

const durationOf = (seconds: number) => `${Math.round(seconds * 1000)}ms`

/** Where the end of what it can take is looked for, the first threshold that breaks ends the run. */
function thresholdsOf(rules: Record<string, readonly string[]>, ends: boolean) {
  return Object.fromEntries(
    Object.entries(rules).map(([metric, all]) => [
      metric,
      all.map((threshold) => ({ threshold, abortOnFail: ends, delayAbortEval: '5s' })),
    ]),
  )
}
