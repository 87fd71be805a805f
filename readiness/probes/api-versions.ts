// API-09: where operations live, and what those say that go. A look at what is deployed reads only.
import type { Answer } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

type Get = (path: string) => Promise<Answer>
/** Calls by any method, without a sign-in and without a body: no write does anything then. */
type Send = (method: string, path: string) => Promise<Answer>
type Document = { paths: Record<string, Record<string, { deprecated?: boolean; operationId: string }>> }

/** By hand: what platforms, browsers and readers of standards look for outside of any version. */
const system = /^\/(health(\/(live|ready|status))?|ready|\.well-known\/[a-z.-]+)$/
/** By hand: what is known to go, and what is called instead. */
const going = ['/health', '/ready']
const fields = ['deprecation', 'sunset', 'link'] as const

/** With `get` alone, writes are not asked. */
export async function deprecationsAreTold(get: Get, send?: Send): Promise<Evidence> {
  const { paths } = (await get('/openapi.json')).json<Document>()
  const outside = Object.keys(paths).filter((path) => !path.startsWith('/v1/') && !system.test(path))
  if (outside.length > 0) red('outside-v1', outside.join())
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
  )
  for (const path of going) {
    const marked = paths[path]?.get
    if (marked && !marked.deprecated) red('not-marked', path)
  }
  const ask = (method: string, path: string) =>
    send && method !== 'get' ? send(method.toUpperCase(), path) : get(path)
  const asked = operations.filter(({ method }) => send || method === 'get')
  let marked = 0
  for (const { path, method, deprecated = false } of asked) {
    const answer = await ask(method, path.replaceAll(/\{\w+\}/g, '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'))
    if (deprecated) await seeFields(ask, { path, method }, answer, paths)
    else if (answer.field('deprecation') ?? answer.field('sunset')) red('told-and-not-marked', `${method} ${path}`)
    marked += Number(deprecated)
  }
  if (marked === 0) red('nothing-deprecated')
  const writes = asked.filter(({ method }) => method !== 'get').length
  return { paths: Object.keys(paths).length, reads: asked.length - writes, writes, deprecated: marked }
}

async function seeFields(
  ask: Send,
  { path, method }: { path: string; method: string },
  answer: Answer,
  paths: Document['paths'],
): Promise<void> {
  const [since = '', until = '', link = ''] = fields.map((name) => answer.field(name))
  const [, seconds] = /^@(\d+)$/.exec(since) ?? red('no-deprecation', `${path}: ${since}`)
  const end = new Date(until)
  // An HTTP-date and nothing else is written as it is read.
  if (Number.isNaN(end.getTime()) || end.toUTCString() !== until) red('no-sunset', `${path}: ${until}`)
  if (end.getTime() <= Number(seconds) * 1000) red('ends-before-it-is-deprecated', `${path}: ${since}, ${until}`)
  if (end.getTime() < Date.now()) red('still-there-after-its-end', `${path}: ${until}`)
  const [, successor = ''] =
    /^<([^>]+)>; rel="successor-version"$/.exec(link) ?? red('no-successor', `${path}: ${link}`)
  const there = paths[successor]?.[method]
  if (!there || there.deprecated) red('successor-leads-nowhere', `${path}: ${successor}`)
  const { status } = await ask(method, successor)
  if (status !== answer.status) red('successor-leads-nowhere', `${successor}: ${status}`)
}
