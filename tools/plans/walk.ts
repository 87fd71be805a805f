// Calls everything that runs statements, one after the other, and looks at the plan of each.
import type pg from 'pg'
import { createCursors } from '../../src/lib/page.ts'
import { type Way, waysOf } from '../../test/access-matrix.ts'
import type { DatabaseUrls } from '../create-database.ts'
import { leftOut, pagesAllowed } from './exceptions.ts'
import type { watchFunctions } from './functions.ts'
import { type List, listsOf } from './lists.ts'
import type { openPlanLog } from './log.ts'
import type { Service } from './service.ts'
import { sweepsOf } from './sweeps.ts'
import { type Fault, faultsOf, pagesOf, shortly, usualPages } from './verdict.ts'

/** `pages` are those of its dearest statement. */
export type Line = { call: string; statement: string; rows: number; pages: number; ms: number; faults: Fault[] }
type Deps = {
  service: Service
  urls: DatabaseUrls & { adminUrl: string; name: string }
  admin: pg.Client
  plans: Awaited<ReturnType<typeof openPlanLog>>
  functions: Awaited<ReturnType<typeof watchFunctions>>
  large: ReadonlySet<string>
}

/** Rows that come before page 10,000. */
const deepest = 10_000 * 20
/** What a page may cost deep inside a list, of what the first one costs; the height of an index may differ by a page or two. */
const [mostTimes, slack] = [1.5, 8]

export async function walk({ service, urls, admin, plans, functions, large }: Deps) {
  const lines: Line[] = []
  const ran = new Set<string>()
  let statements = 0
  await everyOperation()
  for (const list of listsOf(await findBusyJob())) await everyPage(list)
  await everySweep()
  const unseen = [...functions.known].filter((name) => !ran.has(name) && !(name in leftOut)).sort()
  return {
    lines,
    statements,
    unseen,
    needless: Object.keys(leftOut).filter((name) => ran.has(name) || (/\./.test(name) && !functions.known.has(name))),
  }

  /** With new objects of whoever may: what it is answered is not looked at here, but the statements are. */
  async function everyOperation(): Promise<void> {
    const app = { ...service, database: urls } as Parameters<typeof waysOf>[0]
    for (const [name, way] of Object.entries(waysOf(app))) {
      if (name in leftOut) continue
      for (const role of rolesFor(way)) if ((await asRole(name, way, role)) < 400) break
    }
  }

  async function asRole(name: string, way: Way, role: 'client' | 'worker' | 'admin' | undefined): Promise<number> {
    const who = role && (await service.signUp(role))
    // Staff act on what others have.
    const owner = way.ownedBy !== role || role === 'admin' ? await service.signUp(way.ownedBy ?? 'client') : who
    const object = owner && (await way.object?.(owner))
    const body = await way.body?.(who)
    return look(name, async () => {
      const sent = { ...(who && { as: who }), ...(body && { body }), headers: { ...way.headers } }
      return (await service.call(way.method, way.path.replace(':id', object ?? ''), sent)).statusCode
    })
  }

  async function everyPage({ path, who, deep, most = usualPages }: List): Promise<void> {
    const as = who && (await service.as(who))
    const name = `${path.replace(/[0-9a-f-]{36}/g, ':id')}${who ? ` as ${who.role}` : ''}`
    const first = await read(name, path)
    if (!deep) return
    const { rows } = await admin.query(`SELECT count(*)::int AS count FROM ${deep.from}`)
    const at = Math.min(deepest, Math.max(0, Number(rows[0]?.count) - 25))
    const cursor = await cursorAt(deep, at)
    const page = await read(
      `${name}, page ${Math.floor(at / 20) + 1}`,
      `${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`,
    )
    if (page && first && page.pages > Math.max(first.pages * mostTimes, first.pages + slack))
      page.faults.push({
        reason: 'deep-page-costs-more',
        detail: `${page.pages} pages, of ${first.pages} for the first page`,
      })

    async function read(called: string, url: string): Promise<Line | undefined> {
      const before = lines.length
      const status = await look(called, async () => (await service.call('GET', url, as && { as })).statusCode, most)
      const line = lines.at(-1)
      if (status !== 200 || lines.length === before)
        line?.faults.push({ reason: 'not-answered', detail: `answered ${status}` })
      return line
    }
  }

  /** The cursor of the row before that place, as the service would have written it. */
  async function cursorAt({ name, keys, from, by }: NonNullable<List['deep']>, at: number): Promise<string> {
    const { rows } = await admin.query({
      text: `SELECT ${keys} FROM ${from} ORDER BY ${by} LIMIT 1 OFFSET ${at}`,
      rowMode: 'array',
    })
    const key = (rows[0] as unknown[]).map((part) => (part instanceof Date ? part.toISOString() : String(part)))
    const { secret, cursorLifetime: lifetime } = service.config
    return encodeURIComponent(
      createCursors({ secret, lifetime }).pageOf([key, key], 1, name, (own) => own).page.next ?? '',
    )
  }

  async function everySweep(): Promise<void> {
    for (const [name, sweep] of Object.entries(sweepsOf(service))) await look(name, sweep)
  }

  /** What made the object of a call, and its caller, counts with the call. */
  async function look<T>(call: string, work: () => Promise<T>, most = pagesAllowed[call] ?? usualPages): Promise<T> {
    const done = await work()
    const planned = await plans.take()
    for (const name of await functions.ran()) ran.add(name)
    statements += planned.length
    const judged = planned.map(
      (one): Line => ({
        ...{ call, statement: shortly(one.text), rows: one.plan['Actual Rows'] ?? 0, pages: pagesOf(one), ms: one.ms },
        faults: faultsOf(one, large, most),
      }),
    )
    const dearest = judged.toSorted((one, other) => other.pages - one.pages)
    lines.push(...dearest.filter(({ faults }, at) => at > 0 && faults.length > 0), ...dearest.slice(0, 1))
    return done
  }

  async function findBusyJob() {
    const { rows } = await admin.query(
      'SELECT job_id AS id FROM applications GROUP BY job_id ORDER BY count(*) DESC, job_id LIMIT 1',
    )
    const busyJob = String(rows[0]?.id)
    const owner = await admin.query('SELECT client_id AS id FROM jobs WHERE id = $1', [busyJob])
    return { busyJob, owner: { id: String(owner.rows[0]?.id), role: 'client' as const } }
  }
}

const rolesFor = ({ ownedBy }: Way) =>
  [...(ownedBy === 'worker' ? (['worker'] as const) : []), 'client', 'worker', 'admin', undefined] as const
