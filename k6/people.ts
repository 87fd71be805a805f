// What a person does in a turn: one call, then a while to think. Everybody is somebody of their own, with an account, a token that is
// renewed, and what they have made; most look for work, and some give it.
import { type Answer, ask, think } from './answers.ts'
import { jobs, partner, self } from './cast.ts'
import { begin, goOn, type Hiring } from './hiring.ts'
import { enter, isOpen, type Session, sessionOf, signIn } from './sessions.ts'
import { pickPlace } from './zipf.ts'

const categories = ['design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other']
const words = ['crane', 'harbour', 'chart & compass', 'tide tables', 'ferry', 'night shift', 'søkart', '50% deposit']
const sorts = ['newest', 'highest-budget']

/** How many of a hundred turns are of a kind: of who looks for work, and of who gives it. */
const habits: Record<'worker' | 'client', [of: number, turn: () => void][]> = {
  worker: [
    [38, look],
    [30, browse],
    [12, search],
    [10, () => own('/v1/me/applications')],
    [7, apply],
    [3, () => signIn(me())],
  ],
  client: [
    [40, browse],
    [27, look],
    [12, search],
    [14, () => own('/v1/contracts')],
    [4, hire],
    [3, () => signIn(me())],
  ],
}

let mine: Session | undefined
let theirs: Session | undefined
let hiring: Hiring | undefined
/** A run that is this short has to call everything: there, who gives work begins with that. */
let isFirst = __ENV.SCENARIO === 'smoke'

/** One call of this virtual user. A hiring that has begun goes on before anything else. */
export function turn(): void {
  if (hiring || (isFirst && me().person.role === 'client')) hire()
  else choose()
  isFirst = false
  think()
}

function choose(): void {
  let left = 100 * Math.random()
  for (const [share, take] of habits[me().person.role]) {
    left -= share
    if (left < 0) {
      take()
      return
    }
  }
}

function me(): Session {
  mine ??= sessionOf(self())
  return mine
}

function browse(): void {
  const category = Math.random() < 0.4 ? `&category=${pick(categories)}` : ''
  ask({ route: '/v1/jobs', path: `/v1/jobs?limit=20&sort=${pick(sorts)}${category}`, holds: hasRows })
}

function search(): void {
  ask({ route: '/v1/jobs?q', path: `/v1/jobs?limit=20&q=${encodeURIComponent(pick(words))}`, holds: hasRows })
}

function look(): void {
  const id = pickJob()
  ask({ route: '/v1/jobs/:id', path: `/v1/jobs/${id}`, holds: (answer) => answer.json('id') === id })
}

function own(route: string): void {
  const session = me()
  if (!isOpen(session)) enter(session)
  else ask({ route, token: session.token, holds: hasRows })
}

/** Who applied for it before is told so (409), as happens with what everybody wants. */
function apply(): void {
  const session = me()
  if (!isOpen(session)) {
    enter(session)
    return
  }
  ask({
    method: 'POST',
    route: '/v1/jobs/:id/applications',
    path: `/v1/jobs/${pickJob()}/applications`,
    token: session.token,
    body: { coverLetter: 'I have mended nine like yours.' },
    alsoGood: [409],
    makes: 'applied',
  })
}

function hire(): void {
  theirs ??= sessionOf(partner())
  hiring = goOn(hiring ?? begin(), me(), theirs)
}

const hasRows = (answer: Answer) => Array.isArray(answer.json('data'))
const pick = <T>(all: readonly T[]) => all[Math.floor(Math.random() * all.length)] as T
const pickJob = () => jobs[pickPlace(jobs.length)] ?? ''
