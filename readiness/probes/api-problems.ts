// API-02: every kind of refusal, provoked once, and held against RFC 9457.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, CallOptions } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { callRaw } from './api-raw-call.ts'
import { operationOf } from './routes-table.ts'
import { invoke, make } from './scene.ts'

type Problem = Record<string, unknown> & { errors?: { path: string; message: string }[] }

/** What only we should see: paths, stacks, SQL, the database's words, addresses. */
const internals =
  /node_modules|\.[mc]?[jt]s:\d|file:\/\/|\bat .+:\d+:\d+|\bselect\b|\binsert into\b|\bcolumn\b|\brelation\b|\bsql|does not exist|postgres|ECONN|password_hash|127\.0\.0\.1/i

/** Holds one refusal against the RFC. `instance` is what was asked for. */
export function isProblem(answer: Answer, status: number, instance: string): Problem {
  const said = `${status} ${instance}: ${answer.status} ${answer.text.slice(0, 500)}`
  if (answer.status !== status) red('another-status', said)
  if (internals.test(answer.text)) red('leaks-internals', said)
  if (!/^application\/problem\+json\b/.test(answer.field('content-type') ?? '')) red('not-a-problem', said)
  const problem = answer.json<Problem>()
  if (!/^(urn:|https?:)\S+$/.test(String(problem.type))) red('type-missing', said)
  if (typeof problem.title !== 'string' || problem.title === '') red('title-missing', said)
  if (problem.status !== status) red('status-differs', said)
  if (typeof problem.detail !== 'string' || problem.detail === '') red('detail-missing', said)
  if (problem.instance !== instance.slice(0, 2000)) red('instance-differs', said)
  if (!problem.requestId || problem.requestId !== answer.field('x-request-id')) red('request-id-differs', said)
  return problem
}

export async function everyErrorIsAProblem(context: Context): Promise<Evidence> {
  const { api, link, sql, until } = context
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  const types = new Map<string, number>()
  const see = async (status: number, method: string, path: string, options: CallOptions = {}, call = api.anonymous) => {
    const problem = isProblem(await call(method, path, options), status, path)
    types.set(String(problem.type), status)
    return problem
  }

  const nowhere = '/v1/nowhere?x=1'
  await see(404, 'GET', nowhere)
  await see(404, 'GET', `/v1/jobs/${randomUUID()}`)
  const { errors = [] } = await see(400, 'GET', '/v1/jobs?limit=0&colour=red')
  if (!['/query/limit', '/query/colour'].every((path) => errors.some((error) => error.path === path && error.message)))
    red('errors-missing', JSON.stringify(errors))
  await see(400, 'GET', '/v1/%zz')
  await see(400, 'POST', '/v1/auth/login', { raw: '{"email":' })
  await see(401, 'GET', '/v1/me')
  await see(401, 'GET', '/v1/me', { headers: { authorization: 'Bearer x.y.z' } })
  await see(403, 'POST', '/v1/jobs', { body: operationOf('createJob').body?.() }, worker.call)
  await see(413, 'POST', '/v1/auth/login', { raw: JSON.stringify({ email: 'x'.repeat(200_000) }) })
  await see(414, 'GET', `/v1/jobs?q=${'x'.repeat(3000)}`)
  await see(415, 'POST', '/v1/auth/login', { raw: '<a/>', headers: { 'content-type': 'application/xml' } })

  const { id } = await make(client.call, 'createJob')
  const job = `/v1/jobs/${id}`
  const body = { title: 'Another title' }
  await see(428, 'PATCH', job, { body }, client.call)
  await see(412, 'PATCH', job, { body, headers: { 'if-match': '"99"' } }, client.call)
  await make(client.call, 'publishJob', { part: id })
  await see(409, 'POST', `${job}/publication`, {}, client.call)
  const key = randomUUID()
  await invoke(client.call, 'createJob', { key })
  await see(422, 'POST', '/v1/jobs', { key, body: operationOf('createJob').body?.() }, client.call)
  isProblem(await callRaw(api.url, 'NOT HTTP AT ALL\r\n\r\n'), 400, '')

  // The schema changes under the service: an error that nobody thought of.
  await sql.owner('ALTER TABLE jobs RENAME COLUMN budget_amount TO price')
  await see(500, 'GET', '/v1/jobs?sort=oldest')
  await sql.owner('ALTER TABLE jobs RENAME COLUMN price TO budget_amount')
  await link.cut()
  await see(503, 'GET', '/v1/jobs')
  await link.mend()
  await until('does-not-come-back', async () => (await api.anonymous('GET', '/v1/jobs')).status === 200)
  const statuses = [...new Set(types.values())].sort()
  return { statuses, types: types.size, production: context.env.NODE_ENV === 'production' }
}
