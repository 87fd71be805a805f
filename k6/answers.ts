// A call and what came of it: what is as it should be, what was refused, what was lost, and what was made of it, each counted apart.
import { check, sleep } from 'k6'
import exec from 'k6/execution'
import http, { type RefinedResponse } from 'k6/http'
import { Counter, Rate } from 'k6/metrics'

/** k6 has it, and its types have not. */
declare const console: { warn(line: string): void }

export type Answer = RefinedResponse<'text'>
/** What the database is held against: rows that the calls of this run made. */
type Made = 'signed_in' | 'applied' | 'posted' | 'accepted' | 'funded'
export type Wanted = {
  method?: 'GET' | 'POST'
  /** The route, with names where addresses have values: all its calls are one series. */
  route: string
  path?: string
  token?: string | undefined
  body?: Record<string, unknown>
  /** Other answers than success that a person meets on a good day. */
  alsoGood?: readonly number[]
  makes?: Made
  /** Whether the body is what the route promises. */
  holds?: (answer: Answer) => boolean
}

const lost = new Rate('lost')
const [limited, refused] = [new Counter('limited'), new Counter('refused')]
const made: Record<Made, { counted: Counter; unknown: Counter }> = {
  signed_in: countersOf('signed_in'),
  applied: countersOf('applied'),
  posted: countersOf('posted'),
  accepted: countersOf('accepted'),
  funded: countersOf('funded'),
}

/** Of one person, so that a service that is down does not fill a disk. */
let mayTell = 3
const begun = Date.now()
let keys = 0

/** No other call has it, of this run or another. */
const newKey = () => `load-${begun}-${exec.vu.idInTest}-${++keys}`

/** Sends one call. Undefined where it did not go well, which is counted and told. */
export function ask(wanted: Wanted): Answer | undefined {
  const { method = 'GET', route, path = route, token, body, alsoGood = [], makes, holds = () => true } = wanted
  const sent = body === undefined ? null : JSON.stringify(body)
  const answer = http.request(method, `${__ENV.URL}${path}`, sent, {
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(sent && { 'content-type': 'application/json' }),
      ...(method === 'POST' && { 'idempotency-key': newKey() }),
    },
    tags: { name: `${method} ${route}` },
    timeout: '10s',
    responseType: 'text',
    responseCallback: http.expectedStatuses({ min: 200, max: 399 }, ...alsoGood),
  })
  return judge(answer, wanted.route, alsoGood, makes, holds)
}

function judge(
  answer: Answer,
  route: string,
  alsoGood: readonly number[],
  makes: Made | undefined,
  holds: (answer: Answer) => boolean,
): Answer | undefined {
  const { status } = answer
  const isSuccess = status >= 200 && status < 300
  const isRefusal = status === 503 && answer.headers['Retry-After'] !== undefined
  const isLost = !isSuccess && !isRefusal && !(status >= 400 && status < 500)
  // Who is told to come again may have been heard all the same: the answer to a COMMIT can get lost.
  if ((isLost || isRefusal) && makes) made[makes].unknown.add(1)
  // k6 itself gave it up, when the run was over or a threshold ended it.
  if (status === 0 && answer.error.includes('context canceled')) return undefined
  lost.add(isLost)
  if (status === 429) limited.add(1)
  if (isRefusal) {
    refused.add(1)
    return undefined
  }
  const isGood = check(answer, {
    'answered as promised': () => alsoGood.includes(status) || (isSuccess && holds(answer)),
  })
  if (!isGood) tell(answer, route)
  if (!isSuccess) return undefined
  if (makes) made[makes].counted.add(1)
  return isGood ? answer : undefined
}

/** As operators look for it: the code of the problem, and the id that the log lines of the request have. */
function tell({ status, body, error }: Answer, route: string): void {
  if (mayTell === 0) return
  mayTell -= 1
  const word = (name: string) => new RegExp(`"${name}":"([^"]{1,80})"`).exec(body ?? '')?.[1] ?? ''
  console.warn(`${route}: ${status} ${word('code')} ${word('requestId')} ${error}`.trim())
}

/** Seconds between two calls of a person: 1 to 5. Who only looks for the end of what can be taken does not wait. */
export function think(): void {
  if (!exec.test.options.scenarios?.breakpoint) sleep(1 + 4 * Math.random())
}

function countersOf(name: Made) {
  return { counted: new Counter(name), unknown: new Counter(`${name}_unknown`) }
}
