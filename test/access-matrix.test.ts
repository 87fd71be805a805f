// docs/access-matrix.md, cell by cell: each operation as each kind of caller, on an object of one's own, of another, and on none.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Way, waysOf } from './access-matrix.ts'
import type { Caller } from './access-matrix-objects.ts'
import type { Person } from './app.ts'
import { buildMoneyApp } from './money.ts'

const app = await buildMoneyApp()
const ways = waysOf(app)
const callers = ['stranger', 'client', 'worker', 'support', 'admin'] as const
const relations = ['own', 'foreign', 'absent'] as const

/** The rows of the table: an operation's id, and the cell of each caller. */
const rows = (await readFile('docs/access-matrix.md', 'utf8')).split('\n').flatMap((line): [string, string[]][] => {
  const [, name = '', ...cells] = line.split('|').map((cell) => cell.trim())
  return /^[a-z]+[A-Z]/.test(name) || name === 'register' ? [[name.split(' ')[0] ?? '', cells.slice(0, 5)]] : []
})

beforeAll(async () => {
  // A checkpoint that can be read.
  await app.signUp('client')
  await app.services.seals.sealNew()
})

test('each operation of the document has a row and a way to call it, and nothing else has', async () => {
  const { paths } = (await app.call('GET', '/openapi.json')).json<{ paths: Record<string, Record<string, Named>> }>()
  const known = Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
  expect(known.length).toBeGreaterThan(50)
  expect(rows.map(([name]) => name).sort()).toEqual(known.sort())
  expect(Object.keys(ways).sort()).toEqual(known.sort())
})
type Named = { operationId: string }

describe.each(rows)('%s', (name, cells) => {
  test.each(callers.map((caller, at) => ({ caller, cell: cells[at] ?? '' })))(
    '$caller: $cell',
    async ({ caller, cell }) => {
      const way = ways[name] as Way
      const expected = expectedOf(way, cell)
      for (const [relation, status] of expected) {
        const who = caller === 'stranger' ? undefined : await app.signUp(caller)
        expect([relation, await statusOf(way, who, relation)]).toEqual([relation, status])
      }
    },
  )
})

/** What each relation is answered; one number holds for all that can be. */
function expectedOf({ object }: Way, cell: string): [string, number][] {
  const words = cell.split(' ')
  expect(
    words.every((word) => /^\d{3}$/.test(word) || word === '–'),
    cell,
  ).toBe(true)
  if (words.length === 1) return (object ? ['foreign', 'absent'] : ['none']).map((each) => [each, Number(words[0])])
  expect([words.length, Boolean(object)]).toEqual([3, true])
  return relations.flatMap((each, at): [string, number][] => (words[at] === '–' ? [] : [[each, Number(words[at])]]))
}

async function statusOf(way: Way, who: Caller, relation: string): Promise<number> {
  const part = way.object && (await objectOf(way.object, way, who, relation))
  const body = await way.body?.(who)
  const answer = await app.call(way.method as 'GET', way.path.replace(':id', part ?? ''), {
    ...(who && { as: who }),
    ...(body && { body }),
    headers: { ...way.headers },
  })
  return answer.statusCode
}

async function objectOf(make: NonNullable<Way['object']>, { ownedBy }: Way, who: Caller, relation: string) {
  if (relation === 'absent') return randomUUID()
  if (relation === 'own') return make(who as Person)
  const canOwn = ownedBy === undefined || ownedBy === who?.role || (who?.role === 'worker' && ownsAsWorker(make))
  return make(await app.signUp(canOwn && who ? who.role : (ownedBy ?? 'client')))
}

/** Applications and contracts have two parties. */
const ownsAsWorker = (make: NonNullable<Way['object']>) => ['application', 'contract'].includes(make.name)
