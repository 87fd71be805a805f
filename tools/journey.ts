// The whole journey over HTTP, as two people would make it: what `npm run demo` plays and the chaos test repeats.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

export type Json = Record<string, unknown> & { id: string }
export type Person = { email: string; token: string; id: string }
type Call = { as?: Person | undefined; body?: unknown; key?: string }
export type Caller = ReturnType<typeof createCaller>

/** Seconds: two windows of a minute. */
const longestLimit = 120

/**
 * Calls a service. A POST repeats itself under one Idempotency-Key while the service is away, for at most `patience` milliseconds; a
 * limit that is reached is waited for as long as it says, and is told to `onLimit` (seconds).
 */
export function createCaller(url: string, patience = 0, onLimit: (seconds: number) => void = () => {}) {
  return async (method: string, path: string, { as, body, key = randomUUID() }: Call = {}): Promise<Json> => {
    let end = performance.now() + patience
    for (;;) {
      const answer = await send(`${url}${path}`, method, as?.token, body, key).catch((error: Error) => error)
      if (!(answer instanceof Error) && answer.status < 500 && answer.status !== 429) return read(answer, method, path)
      const wait = answer instanceof Error ? 0 : Number(answer.headers.get('retry-after') ?? 0)
      if (!(answer instanceof Error) && answer.status === 429 && wait > 0 && wait <= longestLimit) {
        onLimit(wait)
        await delay(wait * 1000)
        end += wait * 1000
        continue
      }
      if (performance.now() > end)
        throw answer instanceof Error
          ? new Error(`${method} ${path}: ${reasonOf(answer)}`)
          : await refused(answer, method, path)
      await delay(wait * 200 + 50)
    }
  }
}

function send(url: string, method: string, token: string | undefined, body: unknown, key: string): Promise<Response> {
  const headers = new Headers({ 'idempotency-key': key })
  if (token) headers.set('authorization', `Bearer ${token}`)
  if (body !== undefined) headers.set('content-type', 'application/json')
  return fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(30_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

async function read(answer: Response, method: string, path: string): Promise<Json> {
  if (!answer.ok) throw await refused(answer, method, path)
  return (await answer.json()) as Json
}

async function refused(answer: Response, method: string, path: string): Promise<Error> {
  return new Error(`${method} ${path} was answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
}

const reasonOf = (error: Error) => (error.cause as Error | undefined)?.message || error.message

/** Makes an account with an address of its own, and signs in. */
export async function join(call: Caller, role: 'client' | 'worker'): Promise<Person> {
  const email = `${role}-${randomUUID()}@example.com`
  const password = randomUUID()
  const { id } = await call('POST', '/v1/auth/register', { body: { email, password, name: `Demo ${role}`, role } })
  const { accessToken } = await call('POST', '/v1/auth/login', { body: { email, password } })
  return { id, email, token: String(accessToken) }
}

/** A job is drafted and published, applied for and given away. Answers the contract. */
export async function agree(
  call: Caller,
  client: Person,
  worker: Person,
  say: (line: string) => void = () => {},
): Promise<Json> {
  const budget = { amount: 45_000, currency: 'EUR' }
  const body = { title: 'Splice the mooring lines', description: 'Twelve of them.', category: 'operations', budget }
  const job = await call('POST', '/v1/jobs', { as: client, body })
  say(`drafted the job ${job.slug}`)
  await call('POST', `/v1/jobs/${job.id}/publication`, { as: client })
  say('published it')
  const application = await call('POST', `/v1/jobs/${job.id}/applications`, {
    as: worker,
    body: { coverLetter: 'I splice well.' },
  })
  say('the worker applied')
  const contract = await call('POST', `/v1/applications/${application.id}/acceptance`, { as: client })
  say(`the client accepted: contract ${contract.id}`)
  return contract
}
