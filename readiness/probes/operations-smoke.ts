// Runs the tree's smoke test on a service that is sound, and on the same one with a fault each.
import { randomBytes } from 'node:crypto'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { type Fault, openFaulty, type Spoilt } from './operations-smoke-faults.ts'

const problem = (code: string) =>
  JSON.stringify({ type: 'about:blank', title: 'No', status: 500, code, requestId: 'smoke-probe' })
const broken: Spoilt = {
  status: 500,
  body: problem('INTERNAL'),
  fields: { 'content-type': 'application/problem+json' },
}
const empty: Spoilt = { body: '{"data":[],"page":{"next":null,"hasMore":false}}' }
const at =
  (method: string, path: RegExp, spoilt: Spoilt): Fault =>
  (asked) =>
    asked.method === method && path.test(asked.path) ? spoilt : undefined

/** What each of them is, and what the smoke test has to say of it. */
const faults: Record<string, { fault: Fault; says: RegExp }> = {
  'it does not live': { fault: at('GET', /^\/health\/live/, broken), says: /500 INTERNAL \(request smoke-probe\)/ },
  'the document is a page': { fault: at('GET', /^\/openapi/, { body: '<html>' }), says: /no OpenAPI 3.1 document/ },
  'a field is lost': {
    fault: at('GET', /./, { fields: { 'x-content-type-options': null } }),
    says: /lacks x-content-type-options/,
  },
  'strangers are let in': { fault: at('GET', /^\/v1\/me$/, { status: 200, body: '{}' }), says: /answered 200/ },
  // Once: an account that nobody can sign in to can't be taken away either.
  'signing in fails': {
    fault: (asked, turn) => (turn === 0 ? at('POST', /login$/, broken)(asked, turn) : undefined),
    says: /login was answered 500 INTERNAL/,
  },
  'publishing fails': { fault: at('POST', /publication$/, broken), says: /publication was answered 500 INTERNAL/ },
  'lists are empty': { fault: at('GET', /^\/v1\/jobs\?/, empty), says: /does not list the job of its client/ },
  'searches are empty': { fault: at('GET', /^\/v1\/jobs\?q=/, empty), says: /does not find it by a word/ },
  'a body is another': {
    fault: at('GET', /^\/v1\/jobs\/[^/]+$/, { body: (said) => said.replace('Smoke test', 'Another') }),
    says: /is another job/,
  },
  'applications are lost': { fault: at('GET', /applications$/, empty), says: /does not have the one application/ },
  'one call hangs': { fault: at('POST', /applications$/, { silent: true }), says: /had no answer: not within 3 s/ },
  'nobody is told': { fault: at('GET', /notifications$/, empty), says: /do workers run/ },
}
/** It asks to wait once, and then is sound. */
const busy: Fault = ({ method, path }, turn) =>
  method === 'POST' && path === '/v1/jobs' && turn === 0
    ? { status: 429, body: problem('LIMIT_REACHED'), fields: { 'retry-after': '1' } }
    : undefined

export async function seeSmoke(context: Context): Promise<Evidence> {
  const { api } = context
  const sound = await smoke(context, api.url)
  if (sound.code !== 0) red('sound-fails', sound.said.slice(-1500))
  const left = await leftOf(context)
  if (left) red('something-is-left', left)

  await staysWithinLimits(context)
  const names = Object.keys(faults)
  const results = await threeAtATime(names, (name) =>
    withFault(context, name, faults[name]?.fault ?? (() => undefined), '3'),
  )
  for (const [index, { code, said }] of results.entries()) {
    const name = names[index] ?? ''
    if (code === 0 && said.includes('FAIL')) red('failure-exits-0', name)
    if (code !== 1) red('fault-not-seen', `${name}: exit ${code}, ${said.slice(-1500)}`)
    if (!faults[name]?.says.test(said)) red('fault-not-named', `${name}: ${said.slice(-1500)}`)
  }
  const leftOfBroken = await leftOf(context)
  if (leftOfBroken) red('something-is-left', `of a journey that failed: ${leftOfBroken}`)

  const waited = await withFault(context, 'it is busy', busy)
  if (waited.code !== 0 || !waited.said.includes('in 1 s')) red('does-not-wait', waited.said.slice(-1500))
  const nowhere = await smoke(context, 'http://127.0.0.1:1')
  if (nowhere.code !== 3) red('unreachable-is-not-3', `exit ${nowhere.code}`)
  const wrong = await smoke(context, 'ftp://127.0.0.1')
  if (wrong.code !== 2) red('usage-is-not-2', `exit ${wrong.code}`)
  const kept = await withFault(context, 'an account stays', at('DELETE', /^\/v1\/me$/, broken))
  if (kept.code !== 1) red('left-account-exits-0', kept.said.slice(-1500))
  const all = [sound, ...results, waited, kept].map(({ said }) => said).join('\n')
  if (/eyJ[\w-]{10}/.test(all)) red('token-is-printed')
  return {
    steps: (sound.said.match(/^ {2}ok /gm) ?? []).length,
    seen: names,
    leftBehind: 0,
    waitedForRetryAfter: true,
    callsOfSigningIn: 'at most 4',
    exitUnreachable: 3,
    exitUsage: 2,
  }
}

/** Signing in and up is limited by address: a journey that met that limit by itself would take a minute longer. */
async function staysWithinLimits({ start, startApi }: Context): Promise<void> {
  // Under another secret an address has another name, so that nobody else's calls count.
  const door = await startApi({ LIMIT_AUTH: '4/60s', APP_SECRET: randomBytes(32).toString('base64url') })
  const journey = start(['tools/smoke.ts', door.url, '--domain', 'example.com'])
  const waits = await journey.until(/\S+ \S+ is to be repeated.*/).catch(() => undefined)
  if (waits) red('meets-a-limit', waits[0])
  const { code } = await journey.ended
  if (code !== 0) red('sound-fails', journey.said().slice(-1500))
}

function smoke({ finish }: Context, url: string, patience = '10') {
  return finish(
    ['tools/smoke.ts', url, '--timeout', '3', '--patience', patience, '--domain', 'example.com'],
    {},
    60_000,
  )
}

async function withFault(context: Context, name: string, fault: Fault, patience = '10') {
  const faulty = await openFaulty(context.api.url, fault)
  try {
    const ended = await smoke(context, faulty.url, patience)
    // A fault that nobody met proves nothing: only a step that was left out leaves it alone.
    return faulty.hits() > 0 ? ended : { ...ended, said: `${ended.said}\n(nothing met the fault: ${name})` }
  } finally {
    await faulty.close()
  }
}

/** What a journey left in the database; an empty text for nothing. */
async function leftOf({ sql }: Context): Promise<string> {
  const [row] = await sql.owner<Record<string, number>>(`
    SELECT (SELECT count(*)::int FROM users WHERE erased_at IS NULL) AS users,
      (SELECT count(*)::int FROM jobs WHERE deleted_at IS NULL AND status <> 'closed') AS jobs,
      (SELECT count(*)::int FROM jobs WHERE title LIKE 'Smoke%') AS titles,
      (SELECT count(*)::int FROM sessions WHERE ended_at IS NULL) AS sessions,
      (SELECT count(*)::int FROM applications WHERE status = 'submitted') AS applications,
      (SELECT count(*)::int FROM users) AS made`)
  if (!row?.made) throw new Error('The journey made nobody, so that nothing can be left')
  const { made: _, ...left } = row
  return Object.entries(left)
    .flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []))
    .join(', ')
}

async function threeAtATime<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as T)
  }
  await Promise.all([lane(), lane(), lane()])
  return results
}
