// Whether the work for a request stays the same as the data grows.
import { type Control, control, source } from '../control.ts'
import { asksAsOftenForAnyPage } from '../probes/performance-queries.ts'

export const performanceQueries: Control[] = [
  control({
    id: 'PER-04',
    level: 'must',
    holds: 'Each list and detail route runs a small number of statements, the same for a page of 1 and of 100.',
    because:
      'A query per row is invisible in development and with the first customers; with full pages it makes a list hundreds of round trips long, and empties the pool.',
    code: [
      'src/modules/jobs/jobs.repository.ts',
      'src/modules/applications/applications.repository.ts',
      'src/modules/contracts/contracts.repository.ts',
      'src/modules/notifications/notifications.repository.ts',
      'test/queries.test.ts',
    ],
    runbook: 'docs/runbooks/load.md#a-list-runs-a-query-per-row',
    needs: ['api', 'worker'],
    // The cache would hide what a read costs.
    own: { CACHE: 'off' },
    probe: asksAsOftenForAnyPage,
    sabotages: [
      source(
        'a relation is loaded for each row',
        'src/modules/contracts/contracts.service.ts',
        'data: data.map(toContract)',
        'data: await Promise.all(data.map(({ id }) => get(actor, id)))',
        { red: 'grows-with-the-page' },
      ),
      source(
        'a detail is put together from many statements',
        'src/modules/contracts/contracts.service.ts',
        'const row = await findContract(reads.newest, id)\n',
        'let row = await findContract(reads.newest, id)\n    for (let part = 0; part < 9; part++) row = await findContract(reads.newest, id)\n',
        { red: 'too-many-statements' },
      ),
    ],
  }),
]
