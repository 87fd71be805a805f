import { type Control, control, source } from '../control.ts'
import { takesAlongAndErases } from '../probes/data-privacy.ts'

const service = 'src/modules/erasures/erasures.service.ts'
const rows = 'src/modules/erasures/erasures.repository.ts'

export const dataPrivacy: Control[] = [
  control({
    id: 'DAT-11',
    level: 'should',
    holds:
      'A person can take along all that is kept about them, and be erased: no table and no queue then has their name, address or texts, contracts and the audit trail stand, and the trail still verifies.',
    because:
      'Who asks to be forgotten and is found again in a table that nobody thought of has the law on their side; an erasure that takes contracts along breaks the books of others.',
    lacks:
      'There is no ledger yet that could survive, and nothing can end a contract: the probe ends one in the database.',
    code: [service, rows, 'src/modules/exports/exports.service.ts', 'src/modules/audit/audit.service.ts'],
    runbook: 'docs/runbooks/privacy.md#an-erasure-left-something',
    needs: ['api', 'worker', 'database', 'redis', 'mail'],
    own: {},
    probe: takesAlongAndErases,
    sabotages: [
      source('the e-mail stays', rows, 'email: `erased-${id}@erased.invalid`,', '', { red: 'left-in-table' }),
      source('the key of the audit trail stays', service, '      await forgetPerson(tx, held.id)\n', '', {
        red: 'audit-key-left',
      }),
      source(
        'stored answers stay',
        rows,
        'await tx.delete(idempotencyKeys).where(eq(idempotencyKeys.caller, userId))',
        '',
        { red: 'left-in-table' },
      ),
      source(
        'queues keep what they have of the person',
        'src/lib/queues.ts',
        'JSON.stringify(job.data).includes(word)))',
        'false))',
        { red: 'left-in-redis' },
      ),
      source('uploads stay', service, '    await uploads.removeAll(tx, id)\n', '', { red: 'left-in-table' }),
      source(
        'an export leaves applications out',
        'src/modules/exports/belongings.repository.ts',
        'eq(applications.workerId, userId)',
        'eq(applications.id, userId)',
        { red: 'export-incomplete' },
      ),
    ],
  }),
]
