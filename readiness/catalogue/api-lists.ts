import { type Control, control, source, sources, state } from '../control.ts'
import { listsAreNarrowedByIndex, withoutIndex } from '../probes/api-filters.ts'
import { pagesHoldEveryRowOnce } from '../probes/api-pages.ts'

export const apiLists: Control[] = [
  control({
    id: 'API-04',
    level: 'must',
    holds:
      'Lists are keyset pages of at most 100, by signed cursors that hold for one list only, and no row is lost or repeated while rows are inserted or where many share one time.',
    because:
      'Pages by offset shift under a reader: an export that walked a busy list lost rows and had others twice, and nobody could tell which.',
    code: ['src/lib/page.ts', 'src/lib/schemas.ts', 'src/modules/jobs/jobs.repository.ts'],
    runbook: 'docs/runbooks/api.md#a-list-loses-or-repeats-rows',
    needs: ['api'],
    probe: pagesHoldEveryRowOnce,
    sabotages: [
      source(
        'a page begins with the last row of the one before',
        'src/modules/jobs/jobs.repository.ts',
        "direction === desc ? '<' : '>'",
        "direction === desc ? '<=' : '>='",
        { red: 'row-repeated' },
      ),
      source(
        'no tie-breaker',
        'src/modules/jobs/jobs.repository.ts',
        '(${column}, ${jobs.id}) ${beyond} (${after[0]}, ${after[1]})',
        '${column} ${beyond} ${after[0]}',
        { red: 'row-lost' },
      ),
      source(
        'a page skips what the one before showed, once too often',
        'src/modules/contracts/contracts.repository.ts',
        'party)))\n    .orderBy(',
        'party)))\n    .offset(after ? 1 : 0)\n    .orderBy(',
        { red: 'row-lost' },
      ),
      source(
        'cursors are not checked',
        'src/lib/page.ts',
        'if (!same(Buffer.from(cursor), Buffer.from(seal(payload, list)))) throw cursorInvalid()',
        '',
        { red: 'forged-cursor-taken' },
      ),
      source(
        'a cursor fits every list',
        'src/lib/page.ts',
        '`cursor\\n${list}\\n${payload}`',
        '`cursor\\n${payload}`',
        {
          red: 'foreign-cursor-taken',
        },
      ),
      source(
        'a page may be as long as one likes',
        'src/lib/schemas.ts',
        '    maximum: 100,\n',
        '    maximum: 100_000,\n',
        {
          red: 'limit-not-bounded',
        },
      ),
    ],
  }),
  control({
    id: 'API-05',
    level: 'must',
    holds:
      'Each filter of the job list narrows it, each sort order sorts it, words are found, anything else is 400, and none of it reads the whole table.',
    because:
      'A misspelt filter that is ignored answers everything; a filter without an index is fast in tests and takes the database down when the table has grown.',
    code: ['src/modules/jobs/jobs.schemas.ts', 'src/modules/jobs/jobs.repository.ts', 'migrations/0002_jobs.up.sql'],
    runbook: 'docs/runbooks/api.md#a-search-is-slow-or-ignores-a-filter',
    needs: ['api'],
    // The probe adds thousands of rows, and ends the connections of the service to read their statistics; the cache would answer
    // without a plan to look at.
    own: { CACHE: 'off' },
    lacks: 'The list of all drafts, which only support and admins have, reads the whole table.',
    probe: listsAreNarrowedByIndex,
    sabotages: [
      source(
        'a filter is ignored',
        'src/modules/jobs/jobs.repository.ts',
        'query.category ? eq(jobs.category, query.category) : undefined,',
        'undefined,',
        { red: 'filter-ignored' },
      ),
      source(
        'an order is ignored',
        'src/modules/jobs/jobs.repository.ts',
        "'lowest-budget': { column: jobs.budgetAmount, direction: asc",
        "'lowest-budget': { column: jobs.listedAt, direction: asc",
        { red: 'not-sorted' },
      ),
      source(
        'words are not stemmed',
        'src/modules/jobs/jobs.repository.ts',
        "websearch_to_tsquery('english', ",
        "websearch_to_tsquery('simple', ",
        {
          red: 'word-not-found',
        },
      ),
      sources(
        'any order is taken',
        [
          {
            file: 'src/modules/jobs/jobs.schemas.ts',
            find: "sort: OneOf(['newest', 'oldest', 'highest-budget', 'lowest-budget'], {",
            replace: 'sort: Text(1, 40, {',
          },
          {
            file: 'src/modules/jobs/jobs.repository.ts',
            find: 'orders[query.sort]',
            replace: '(orders[query.sort] ?? orders.newest)',
          },
          {
            file: 'src/modules/jobs/jobs.repository.ts',
            find: 'orders[sort].key',
            replace: '(orders[sort] ?? orders.newest).key',
          },
        ],
        { red: 'unlisted-order-taken' },
      ),
      source(
        'unknown filters are dropped',
        'src/plugins/validation.ts',
        'useDefaults: true }',
        'useDefaults: true, removeAdditional: true }',
        {
          red: 'unknown-filter-taken',
        },
      ),
      state('the index of the search is gone', withoutIndex('jobs_search', 'ON jobs USING gin (search)'), {
        red: 'read-whole-table',
      }),
    ],
  }),
]
