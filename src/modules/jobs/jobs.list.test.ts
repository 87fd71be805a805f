import { beforeAll, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import type { Job, NewJob } from './jobs.schemas.ts'

const { call, signUp, services } = await buildTestApp({ env: { CURSOR_LIFETIME_MS: '60000' } })
let client: Person
let rival: Person

async function open(changes: Partial<NewJob>, as = client): Promise<Job> {
  const { id } = await services.jobs.create(as, newJob(changes))
  return services.jobs.publish(as, id)
}

beforeAll(async () => {
  ;[client, rival] = await Promise.all([signUp('client'), signUp('client')])
  for (let n = 1; n <= 12; n++) {
    const skills = n % 2 ? ['odd'] : ['even', 'c++']
    await open({
      title: `Job ${n}`,
      skills,
      category: n <= 4 ? 'design' : 'writing',
      budget: { amount: (n % 6) * 100 + 1, currency: 'EUR' },
    })
  }
  await open({ title: 'Sail makers wanted', description: 'Sewing sails by the sea' }, rival)
  await services.jobs.create(client, newJob({ title: 'A draft' }))
})

async function list(query: string, as?: Person) {
  const answer = await call('GET', `/v1/jobs${query}`, as && { as })
  return answer.json() as { data: Job[]; page: { next: string | null } }
}

async function walk(query: string): Promise<Job[]> {
  const seen: Job[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page = await list(`?limit=5${query}${next && `&cursor=${next}`}`)
    seen.push(...page.data)
    next = page.page.next
  }
  return seen
}

const titles = (jobs: Job[]) => jobs.map(({ title }) => title)

describe('order and pages', () => {
  test.each([
    ['newest', (a: Job, b: Job) => String(b.publishedAt).localeCompare(String(a.publishedAt))],
    ['oldest', (a: Job, b: Job) => String(a.publishedAt).localeCompare(String(b.publishedAt))],
    ['highest-budget', (a: Job, b: Job) => b.budget.amount - a.budget.amount],
    ['lowest-budget', (a: Job, b: Job) => a.budget.amount - b.budget.amount],
  ])('%s: pages hold every job once, in order', async (sort, compare) => {
    const jobs = await walk(`&sort=${sort}`)
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(13)
    expect(jobs).toHaveLength(13)
    expect([...jobs].sort(compare).map(compareKey(sort))).toEqual(jobs.map(compareKey(sort)))
  })

  test('jobs that are published while someone pages neither hide nor repeat one', async () => {
    const first = await list('?limit=5')
    const late = await open({ title: 'Published in between' })
    const second = await list(`?limit=100&cursor=${first.page.next}`)
    const ids = [...first.data, ...second.data].map(({ id }) => id)
    expect(new Set(ids).size).toBe(13)
    expect(ids).not.toContain(late.id)
    await services.jobs.remove(client, late.id)
  })

  test('a page has 20 jobs unless asked, and no more than 100', async () => {
    expect((await list('')).data).toHaveLength(13)
    expect((await call('GET', '/v1/jobs?limit=101')).json().errors).toEqual([
      { path: '/query/limit', message: 'must be <= 100' },
    ])
    expect((await call('GET', '/v1/jobs?limit=0')).statusCode).toBe(400)
    expect((await call('GET', '/v1/jobs?limit=ten')).statusCode).toBe(400)
  })
})

const compareKey = (sort: string) => (job: Job) => (sort.endsWith('budget') ? job.budget.amount : job.publishedAt)

describe('filters', () => {
  test('by category, skill and budget', async () => {
    expect(titles((await list('?category=design&sort=oldest')).data)).toEqual(['Job 1', 'Job 2', 'Job 3', 'Job 4'])
    expect((await list(`?skill=${encodeURIComponent('c++')}`)).data).toHaveLength(6)
    expect(titles((await list('?minBudget=501&maxBudget=501&sort=oldest')).data)).toEqual(['Job 5', 'Job 11'])
    expect((await list('?minBudget=2&maxBudget=1')).data).toEqual([])
  })

  test('by words, with stems, quotes and exclusion', async () => {
    expect(titles((await list('?q=sail')).data)).toEqual(['Sail makers wanted'])
    expect(titles((await list('?q=sewing%20-crane')).data)).toEqual(['Sail makers wanted'])
    expect((await list('?q=%22sea%20sailing%22')).data).toEqual([])
  })

  test.each([`'; DROP TABLE jobs; --`, '% _ \\', '& | ! ( )', '<script>', '"'])(
    'words are never SQL or syntax: %s',
    async (q) => {
      const answer = await call('GET', `/v1/jobs?q=${encodeURIComponent(q)}`)
      expect(answer.statusCode).toBe(200)
    },
  )

  test('drafts are listed for their owner only', async () => {
    expect(titles((await list('?status=draft', client)).data)).toEqual(['A draft'])
    expect((await list('?status=draft', rival)).data).toEqual([])
    expect((await list('?status=draft')).data).toEqual([])
  })

  test('by owner', async () => {
    expect(titles((await list(`?clientId=${rival.id}`)).data)).toEqual(['Sail makers wanted'])
  })

  test('a filter that does not exist is 400, not ignored', async () => {
    const answer = await call('GET', '/v1/jobs?colour=red')
    expect(answer.json().errors).toEqual([{ path: '/query/colour', message: 'is not a known member' }])
  })
})

describe('cursors', () => {
  test('a forged cursor, or one of a list with other filters, is 400', async () => {
    const { next } = (await list('?limit=1')).page
    for (const query of [
      '?limit=1&cursor=abc.def',
      `?limit=1&cursor=A${next}`,
      `?limit=1&sort=oldest&cursor=${next}`,
    ]) {
      expect((await call('GET', `/v1/jobs${query}`)).json()).toMatchObject({ status: 400, code: 'CURSOR_INVALID' })
    }
  })

  test('the page size may change between pages', async () => {
    const { next } = (await list('?limit=1')).page
    expect((await list(`?limit=50&cursor=${next}`)).data).toHaveLength(12)
  })
})
