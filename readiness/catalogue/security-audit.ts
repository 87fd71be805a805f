import { type Control, control, source, state } from '../control.ts'
import { theTrailTellsAndHolds } from '../probes/security-audit.ts'
import { webhookSecret } from '../probes/security-audit-money.ts'

const verifier = 'src/modules/audit/verification.service.ts'

export const securityAudit: Control[] = [
  control({
    id: 'SEC-31',
    level: 'must',
    holds:
      'Every write route leaves exactly one audit row, in its own transaction, as a table written by hand has it; UPDATE, DELETE and TRUNCATE raise for the owner too, and signed seals in a hash chain show what a superuser edits, deletes or reorders.',
    because:
      'Whoever takes the database over wipes their traces first; a trail that can be changed, or misses some writes, clears nobody and convicts nobody.',
    code: [
      'migrations/0008_audit.up.sql',
      'src/modules/audit/audit.service.ts',
      'src/modules/audit/seals.service.ts',
      'src/modules/audit/verification.service.ts',
      'src/audit-verify.ts',
    ],
    runbook: 'docs/runbooks/audit.md#the-audit-trail-was-tampered-with',
    needs: ['api', 'worker', 'database', 'redis', 'mail'],
    own: { PAYMENTS_WEBHOOK_SECRETS: webhookSecret },
    probe: theTrailTellsAndHolds,
    sabotages: [
      state(
        'a trigger is dropped',
        {
          look: ({ sql }) => sql.owner("SELECT tgname, tgenabled FROM pg_trigger WHERE tgname ~ '^audit_' ORDER BY 1"),
          apply: ({ sql }) => sql.owner('DROP TRIGGER audit_log_append_only ON audit_log'),
          undo: ({ sql }) =>
            sql.owner(`CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log EXECUTE FUNCTION refuse_change();
              ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only`),
        },
        { red: 'owner-may-change' },
      ),
      source('an edited row is taken for sound', verifier, 'if (found !== sealed) look', 'if (!found) look', {
        red: 'edit-unnoticed',
      }),
      source('seals need not follow on each other', verifier, 'seal.previous.equals(link)', 'link.length > 0', {
        red: 'fork-unnoticed',
      }),
      source(
        'a route writes no row',
        'src/modules/jobs/jobs.service.ts',
        "      await audit(tx, actor, 'job.closed', id, { before: { status: 'open' }, after: { status: 'closed' } })\n",
        '',
        { red: 'no-row' },
      ),
      source(
        'a row is written outside of the transaction',
        'src/modules/applications/applications.service.ts',
        "audit(tx, actor, 'application.withdrawn'",
        "audit(db, actor, 'application.withdrawn'",
        { red: 'row-of-nothing' },
      ),
    ],
  }),
]
