// From a job to a contract that is paid for: a client posts and publishes, somebody applies, the client accepts and funds. One call a
// turn, so that nobody is in the middle of much when a run ends.
import { ask, type Wanted } from './answers.ts'
import { enter, isOpen, type Session } from './sessions.ts'

/** What was made last is what the next step is about. */
export type Hiring = { step: number; job: string; last: string }
type Step = (hiring: Hiring) => Omit<Wanted, 'method' | 'token'>

export const begin = (): Hiring => ({ step: 0, job: '', last: '' })

const steps: readonly Step[] = [
  () => ({ route: '/v1/jobs', body: draft(), makes: 'posted' }),
  ({ job }) => ({ route: '/v1/jobs/:id/publication', path: `/v1/jobs/${job}/publication` }),
  ({ job }) => ({
    route: '/v1/jobs/:id/applications',
    path: `/v1/jobs/${job}/applications`,
    body: { coverLetter: 'I splice well.' },
    makes: 'applied',
  }),
  ({ last }) => ({
    route: '/v1/applications/:id/acceptance',
    path: `/v1/applications/${last}/acceptance`,
    makes: 'accepted',
  }),
  ({ last }) => ({
    route: '/v1/contracts/:id/funding',
    path: `/v1/contracts/${last}/funding`,
    body: { paymentMethod: 'pm_card_visa' },
    makes: 'funded',
  }),
]
const applies = 2

/** One call. Answers what remains to be done: undefined when it is over, or cannot go on. */
export function goOn(hiring: Hiring, client: Session, worker: Session): Hiring | undefined {
  const actor = hiring.step === applies ? worker : client
  if (!isOpen(actor)) {
    enter(actor)
    return hiring
  }
  const step = steps[hiring.step]
  const answer = step && ask({ ...step(hiring), method: 'POST', token: actor.token })
  if (!answer) return undefined
  const last = String(answer.json('id'))
  const next = { step: hiring.step + 1, job: hiring.job || last, last }
  return next.step < steps.length ? next : undefined
}

function draft() {
  const amount = 1000 * (5 + Math.floor(200 * Math.random()))
  return {
    title: 'Splice the mooring lines',
    description: 'Twelve of them, before it rains.',
    category: 'operations',
    budget: { amount, currency: 'EUR' },
  }
}
