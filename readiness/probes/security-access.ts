// SEC-12: who may call what, for every operation and every kind of caller.
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Target } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import type { Caller, Operation } from './operation.ts'
import { callers, hiddenPages, mayCall, operations, pathOf, routeOf } from './routes-table.ts'
import { type Described, invoke, readDocument } from './scene.ts'

export async function everyCallerMeetsTheAccess(context: Context): Promise<Evidence> {
  const { api } = context
  const calls = await Promise.all(callers.map((caller) => callEverything(caller, () => callOf(api, caller))))
  for (const page of hiddenPages) {
    const { status } = await api.anonymous('GET', page)
    if (status !== 200) red('page-refused', `${page}: ${status}`)
  }
  await documentAndTableAgree((path) => api.anonymous('GET', path))
  const boot = await undeclaredRoutesStopTheBoot(context)
  const refused = calls.flat().filter((status) => status === 401 || status === 403).length
  return { operations: operations.length, callers, calls: calls.flat().length, refused, undeclaredRoutes: boot }
}

/** For a deployed service: strangers at what is read, and the document. */
export async function strangersMeetTheAccess({ get }: Target): Promise<Evidence> {
  await documentAndTableAgree(get)
  const closed = operations.filter((operation) => operation.method === 'GET' && !mayCall(operation, 'stranger'))
  for (const operation of closed) {
    // In the place of a token that the run may have been given.
    judge(operation, 'stranger', await get(pathOf(operation), { headers: { authorization: 'Bearer none' } }))
  }
  return { operations: operations.length, refusedToStrangers: closed.map(({ id }) => id) }
}

async function callOf(api: Context['api'], caller: Caller): Promise<Call> {
  return caller === 'stranger' ? api.anonymous : (await api.as(caller)).call
}

async function callEverything(caller: Caller, open: () => Promise<Call>): Promise<number[]> {
  const statuses: number[] = []
  const call = await open()
  for (const operation of operations) {
    const answer = await invoke(operation.ends ? await open() : call, operation.id)
    judge(operation, caller, answer)
    statuses.push(answer.status)
  }
  return statuses
}

function judge(operation: Operation, caller: Caller, answer: Answer): void {
  const { status } = answer
  const seen = `${caller}, ${operation.id}: ${status}`
  if (mayCall(operation, caller)) {
    const isUnproven = operation.proves && status === 401
    if ((status === 401 && !isUnproven) || status === 403) red('refused-though-allowed', seen)
    if (status === 500) red('operation-fails', seen)
    return
  }
  if (caller === 'stranger' && status !== 401) red('stranger-let-in', seen)
  if (caller !== 'stranger' && status !== 403) red('role-let-in', seen)
}

async function documentAndTableAgree(get: (path: string) => Promise<Answer>): Promise<void> {
  const described = (await readDocument(get)).operations
  const table = new Map(operations.map((operation) => [`${operation.id}: ${routeOf(operation)}`, operation]))
  for (const each of described) {
    const name = nameOf(each)
    const operation = table.get(name) ?? red('operation-not-in-table', name)
    if (JSON.stringify(each.security) !== securityOf(operation)) red('document-says-other-access', name)
  }
  const names = described.map(nameOf)
  for (const name of table.keys()) if (!names.includes(name)) red('operation-not-in-document', name)
}

const nameOf = ({ operationId, route }: Described) => `${operationId}: ${route}`

function securityOf({ who }: Operation): string {
  const asked = [{ bearer: [] }, { cookie: [] }]
  if (who === 'public') return JSON.stringify([{}])
  return JSON.stringify(who === 'optional' ? [{}, ...asked] : asked)
}

/** One route that says nothing of its access, and one whose access is misspelt: the process has to end, and to name both. */
async function undeclaredRoutesStopTheBoot({ variant, start }: Context): Promise<string[]> {
  const tree = variant([
    {
      file: 'src/modules/jobs/jobs.routes.ts',
      find: "config: { access: ['client'], limit: 'write', idempotent: true, created: '/v1/jobs/:id' }",
      replace: "config: { limit: 'write', idempotent: true, created: '/v1/jobs/:id' }",
    },
    {
      file: 'src/modules/applications/applications.routes.ts',
      find: "config: { access: ['worker'], limit: 'write', idempotent: true",
      replace: "config: { acess: ['worker'], limit: 'write', idempotent: true",
    },
  ])
  const server = start([join(tree, 'src/server.ts')])
  const booted = await server.until(/Server listening/).then(
    () => true,
    () => false,
  )
  server.child.kill('SIGKILL')
  if (booted) red('undeclared-route-boots')
  const { code } = await server.ended
  const faults = [
    /POST \/v1\/jobs\/? does not declare/,
    /POST \/v1\/jobs\/:id\/applications has the unknown [^\n]*"acess"/,
  ]
  for (const fault of faults) if (!fault.test(server.said())) red('undeclared-route-not-named', server.said())
  return [`exit ${code}`, 'POST /v1/jobs', 'POST /v1/jobs/:id/applications']
}
