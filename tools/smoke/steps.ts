// The main journey, as two new people make it, a step at a time. What a step answers stands in its line.
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Body, type Call, type Person, WrongAnswer } from './calls.ts'
import { hasFields } from './fields.ts'

export type Scene = {
  call: Call
  /** Where the addresses of the two are. */
  domain: string
  /** Milliseconds that workers have to do their part. */
  patience: number
  signal: AbortSignal
  /** A word that nobody else uses. */
  word: string
  client: Person
  worker: Person
  job: { id: string } & Body
  application: { id: string } & Body
}
/** `skip`: what can't be done, and why. */
export type Step = { name: string; run?: (scene: Scene) => Promise<string>; skip?: string }

export const steps: readonly Step[] = [
  { name: 'the service lives', run: isLive },
  { name: 'it publishes its OpenAPI document', run: isDescribed },
  { name: 'answers have their security fields', run: hasFields },
  { name: 'who is not signed in is refused', run: refusesStrangers },
  { name: 'a client joins', run: ({ call, client }) => join(call, client, 'client') },
  { name: 'a worker joins', run: ({ call, worker }) => join(call, worker, 'worker') },
  { name: 'their addresses are confirmed', skip: 'nobody can read the mail that is sent there' },
  { name: 'the client drafts a job', run: drafts },
  { name: 'nobody else sees the draft', run: isHidden },
  { name: 'the client publishes it', run: publishes },
  { name: 'anyone finds it', run: isFound },
  { name: 'the worker applies, and twice is once', run: applies },
  { name: 'the client sees the application', run: isSeen },
  { name: 'the client is told', run: isTold },
]

export function createScene(given: Pick<Scene, 'call' | 'domain' | 'patience' | 'signal'>): Scene {
  const word = `smoke${randomBytes(8).toString('hex')}`
  const person = (role: string): Person => ({ email: `${role}-${word}@${given.domain}`, password: randomUUID() })
  const nothing = { id: '' }
  return { ...given, word, client: person('client'), worker: person('worker'), job: nothing, application: nothing }
}

async function isLive({ call }: Scene): Promise<string> {
  const { body } = await call('GET', '/health/live')
  mustBe(body.status === 'live', 'GET /health/live does not say that it lives')
  const ready = await call('GET', '/health/ready', { expect: [200, 404] })
  if (ready.status === 404) return 'live; whether it is ready is not told outside'
  mustBe(['ready', 'degraded'].includes(String(ready.body.status)), 'GET /health/ready does not say that it is ready')
  const { modes } = ready.body
  return Array.isArray(modes) && modes.length > 0 ? `degraded: ${modes.join(', ')}` : 'ready'
}

async function isDescribed({ call }: Scene): Promise<string> {
  const { body } = await call('GET', '/openapi.json')
  const paths = Object.keys((body.paths ?? {}) as Body)
  mustBe(String(body.openapi).startsWith('3.1'), 'GET /openapi.json is no OpenAPI 3.1 document')
  mustBe(paths.includes('/v1/jobs') && paths.includes('/v1/me'), 'GET /openapi.json lacks the paths of this service')
  return `version ${(body.info as Body).version}, ${paths.length} paths`
}

async function refusesStrangers({ call }: Scene): Promise<string> {
  const { body, headers } = await call('GET', '/v1/me', { expect: [401] })
  const type = headers.get('content-type') ?? ''
  mustBe(type.startsWith('application/problem+json') && Boolean(body.requestId), 'its 401 is no problem document')
  return `401 ${body.code}`
}

async function join(call: Call, person: Person, role: string): Promise<string> {
  const { email, password } = person
  const made = await call('POST', '/v1/auth/register', { body: { email, password, name: `Smoke ${role}`, role } })
  mustBe(made.body.email === email && made.body.role === role, 'POST /v1/auth/register made somebody else')
  person.id = String(made.body.id)
  await signIn(call, person)
  const me = await call('GET', '/v1/me', { as: person })
  mustBe(me.body.id === person.id, 'GET /v1/me is somebody else')
  return `${role} ${person.id}`
}

export async function signIn(call: Call, person: Person): Promise<void> {
  const { email, password } = person
  const { body } = await call('POST', '/v1/auth/login', { body: { email, password } })
  mustBe(typeof body.accessToken === 'string', 'POST /v1/auth/login answered no token')
  person.token = String(body.accessToken)
}

async function drafts(scene: Scene): Promise<string> {
  const { call, client, word } = scene
  const budget = { amount: 45_000, currency: 'EUR' }
  const wanted = { title: `Smoke test ${word}`, description: 'It is deleted again.', category: 'other', budget }
  const { body } = await call('POST', '/v1/jobs', { as: client, body: wanted })
  scene.job = { ...body, id: String(body.id) }
  mustBe(body.title === wanted.title && body.status === 'draft', 'POST /v1/jobs made another job')
  return `job ${body.id}`
}

async function isHidden({ call, client, job }: Scene): Promise<string> {
  await call('GET', `/v1/jobs/${job.id}`, { expect: [404] })
  // Asked before it is there, so that what is kept of it afterwards is old.
  const { body } = await call('GET', `/v1/jobs?clientId=${client.id}`)
  mustBe(jobsOf(body).length === 0, 'GET /v1/jobs lists a draft')
  return '404, and in no list'
}

async function publishes({ call, client, job }: Scene): Promise<string> {
  const { body } = await call('POST', `/v1/jobs/${job.id}/publication`, { as: client })
  mustBe(body.id === job.id && body.status === 'open', 'POST …/publication did not open the job')
  return `open since ${body.publishedAt}`
}

async function isFound({ call, client, job, word, patience, signal }: Scene): Promise<string> {
  const one = await call('GET', `/v1/jobs/${job.id}`)
  mustBe(one.body.id === job.id && one.body.title === job.title, 'GET /v1/jobs/:id is another job')
  const isListed = (path: string) => async () => {
    const { body } = await call('GET', path)
    return jobsOf(body).some(({ id, title }) => id === job.id && title === job.title)
  }
  await soon(
    'GET /v1/jobs does not list the job of its client',
    patience,
    signal,
    isListed(`/v1/jobs?clientId=${client.id}`),
  )
  await soon('GET /v1/jobs does not find it by a word of its title', patience, signal, isListed(`/v1/jobs?q=${word}`))
  return 'by its id, its client and a word of its title'
}

async function applies(scene: Scene): Promise<string> {
  const { call, worker, job } = scene
  const key = randomUUID()
  const apply = () =>
    call('POST', `/v1/jobs/${job.id}/applications`, { as: worker, body: { coverLetter: 'A smoke test.' }, key })
  const { body } = await apply()
  scene.application = { ...body, id: String(body.id) }
  mustBe(body.jobId === job.id && body.workerId === worker.id, 'POST …/applications made another application')
  const again = await apply()
  mustBe(again.body.id === body.id, 'a repeated POST …/applications made another application')
  return `application ${body.id}`
}

async function isSeen({ call, client, job, application }: Scene): Promise<string> {
  const { body } = await call('GET', `/v1/jobs/${job.id}/applications`, { as: client })
  const ids = jobsOf(body).map(({ id }) => id)
  mustBe(ids.length === 1 && ids[0] === application.id, 'GET …/applications does not have the one application')
  return 'the one that was sent'
}

/** The way through outbox, queue and worker. */
async function isTold({ call, client, job, patience, signal }: Scene): Promise<string> {
  await soon('GET /v1/me/notifications does not have the application: do workers run?', patience, signal, async () => {
    const { body } = await call('GET', '/v1/me/notifications', { as: client })
    return jobsOf(body).some(({ kind, jobId }) => kind === 'application.submitted' && jobId === job.id)
  })
  return 'by a worker of the service'
}

const jobsOf = ({ data }: Body) => (Array.isArray(data) ? (data as Body[]) : [])

function mustBe(holds: boolean, message: string): void {
  if (!holds) throw new WrongAnswer(message)
}

/** Asks again, twice a second, until it is so. */
export async function soon(message: string, patience: number, signal: AbortSignal, ask: () => Promise<boolean>) {
  const end = performance.now() + patience
  while (!(await ask())) {
    if (performance.now() > end) throw new WrongAnswer(`${message} (not within ${patience / 1000} s)`)
    await delay(500, undefined, { signal }).catch(() => {
      throw new WrongAnswer(message)
    })
  }
}
