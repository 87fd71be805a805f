// What PostgreSQL says of the plan of every statement, with a million jobs: tools/plans.ts of the stack's tree looks, and is believed
// where it looked at all. Pages are counted and never time, so that a busy machine changes nothing.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from '../../tools/plans/verdict.ts'
import type { Line } from '../../tools/plans/walk.ts'
import type { Context } from '../context/context.ts'
import { seededJobs } from '../context/templates.ts'
import { type Evidence, red, type StateChange } from '../control.ts'

type Seen = { lines: Line[]; statements: number; faults: Fault[] }

/** Milliseconds; it takes one or two minutes, and several where each list reads a whole table. */
const patience = 1_500_000
const leastDeepPages = 10
/** Without its index a statement reads the whole table, or another index and most of its rows: which of the two is the planner's choice. */
const unserved: Fault['reason'][] = ['sequential-scan', 'too-many-pages']

export async function everyPlanUsesAnIndex(context: Context): Promise<Evidence> {
  const { lines, statements, faults } = await lookAtPlans(context)
  refuse(faults, unserved, 'no-index-serves')
  refuse(faults, ['spills'])
  refuse(faults, ['not-answered'])
  refuse(faults, ['not-looked-at'])
  const dearest = lines.toSorted((one, other) => other.pages - one.pages).slice(0, 3)
  return {
    ...{ jobs: seededJobs, calls: lines.length, statements },
    dearest: dearest.map(({ call, pages }) => `${call}: ${pages} pages`),
  }
}

export async function deepPagesCostNoMore(context: Context): Promise<Evidence> {
  const { lines, faults } = await lookAtPlans(context)
  refuse(faults, ['deep-page-costs-more'])
  refuse(faults, ['not-answered'])
  const deep = lines.filter(({ call }) => /, page \d+$/.test(call))
  if (deep.length < leastDeepPages) red('too-few-lists', `${deep.length} deep pages`)
  return { jobs: seededJobs, deep: deep.map(({ call, pages }) => `${call}: ${pages} pages`) }
}

/** An index that somebody drops by hand, and makes again. */
export function withoutIndex(name: string): StateChange {
  let definition = ''
  return {
    look: ({ sql }) => sql.owner('SELECT indexdef FROM pg_indexes WHERE schemaname = $1 ORDER BY indexdef', ['public']),
    async apply({ sql }) {
      const [found] = await sql.owner<{ indexdef: string }>('SELECT indexdef FROM pg_indexes WHERE indexname = $1', [
        name,
      ])
      definition = found?.indexdef ?? red('index-unknown', name)
      await sql.owner(`DROP INDEX ${name}`)
    },
    undo: ({ sql }) => sql.owner(definition),
  }
}

async function lookAtPlans({ database, finish, folder }: Context): Promise<Seen> {
  const file = join(folder(), 'plans.json')
  const urls = {
    ...{ DATABASE_URL: database.appUrl, DATABASE_OWNER_URL: database.ownerUrl },
    DATABASE_ADMIN_URL: database.adminUrl,
  }
  const { said } = await finish(['tools/plans.ts', '--seeded', '--json', file], urls, patience)
  const text = await readFile(file, 'utf8').catch(() => '')
  if (text === '') throw new Error(`Nothing was looked at:\n${said.slice(-2000)}`)
  return JSON.parse(text) as Seen
}

function refuse(faults: Fault[], reasons: Fault['reason'][], called = String(reasons[0])): void {
  const found = faults.filter(({ reason }) => reasons.includes(reason)).map(({ detail }) => detail)
  if (found.length > 0) red(called, found.slice(0, 10).join('\n'))
}
