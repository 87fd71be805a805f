// Whether what is quick with a few jobs is quick with a million.
import { type Control, control, source, sources, state } from '../control.ts'
import { deepPagesCostNoMore, everyPlanUsesAnIndex, withoutIndex } from '../probes/performance-plans.ts'

const jobs = 'src/modules/jobs/jobs.repository.ts'
const applications = 'src/modules/applications/applications.repository.ts'
const contracts = 'src/modules/contracts/contracts.repository.ts'

/** The same rows, but a column inside an expression has no place in an index to start from. */
const hidden = (table: string) => `(${table}.createdAt} + interval '0', ${table}.id}) > (\${after[0]}, \${after[1]})`
const keyset = (table: string) => `(${table}.createdAt}, ${table}.id}) > (\${after[0]}, \${after[1]})`

export const performancePlans: Control[] = [
  control({
    id: 'PER-05',
    level: 'must',
    holds:
      'With 1,000,000 jobs, 3,000,000 applications and what goes with them, no statement of any route, and none of what workers do at fixed times, reads a large table from end to end, spills to disk, or touches more pages than it may.',
    because:
      'A query without an index is as quick as any other until there are many rows: then the most popular page takes the database down, on its best day.',
    code: [
      jobs,
      applications,
      contracts,
      'tools/plans.ts',
      'tools/plans/walk.ts',
      'tools/plans/verdict.ts',
      'tools/seed.ts',
    ],
    runbook: 'docs/runbooks/load.md#a-query-has-no-index',
    tier: 'slow',
    needs: ['seeded'],
    own: {},
    probe: everyPlanUsesAnIndex,
    sabotages: [
      state('the index of the public list of closed jobs is dropped', withoutIndex('jobs_closed_by_time'), {
        red: 'no-index-serves',
      }),
      state("the index of a worker's applications is dropped", withoutIndex('applications_by_worker'), {
        red: 'no-index-serves',
      }),
      source(
        'an order that no index has',
        jobs,
        '.orderBy(direction(column), direction(jobs.id))',
        '.orderBy(direction(jobs.title), direction(column), direction(jobs.id))',
        { red: 'no-index-serves' },
      ),
      source(
        'a filter that no index knows',
        jobs,
        '    eq(jobs.status, query.status),\n',
        "    sql`${jobs.status} || '' = ${query.status}`,\n",
        { red: 'no-index-serves' },
      ),
    ],
  }),

  control({
    id: 'PER-09',
    level: 'must',
    holds:
      'Page 10,000 of a list, or the last page of a shorter one, costs PostgreSQL at most 1.5 times the pages that the first one does, with 1,000,000 jobs.',
    because:
      'A list that counts its way to a page reads all that comes before: whoever copies it from end to end, as search engines do, costs more with each page.',
    code: [jobs, applications, contracts, 'src/lib/page.ts', 'tools/plans/walk.ts', 'tools/plans/lists.ts'],
    runbook: 'docs/runbooks/load.md#a-deep-page-costs-more',
    tier: 'slow',
    needs: ['seeded'],
    own: {},
    probe: deepPagesCostNoMore,
    sabotages: [
      sources(
        'jobs are paged by offset',
        [
          {
            file: jobs,
            find: '    after ? sql`(${column}, ${jobs.id}) ${beyond} (${after[0]}, ${after[1]})` : undefined,\n',
            replace: '',
          },
          {
            file: jobs,
            find: '.limit(query.limit + 1)',
            replace: '.limit(query.limit + 1).offset(after ? 199_980 : 0)',
          },
        ],
        { red: 'deep-page-costs-more' },
      ),
      source(
        'applications are passed over one by one',
        applications,
        keyset('${applications'),
        hidden('${applications'),
        { red: 'deep-page-costs-more' },
      ),
      source('contracts are passed over one by one', contracts, keyset('${contracts'), hidden('${contracts'), {
        red: 'deep-page-costs-more',
      }),
    ],
  }),
]
