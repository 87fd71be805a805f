// Controls of changes: all of one or none, told once, taken back.
import { type Control, control, removed, source, sources } from '../control.ts'
import { acceptWholeOrNot } from '../probes/data-acceptance.ts'
import { deleteAndPurge } from '../probes/data-deletion.ts'
import { tellWhateverDies } from '../probes/data-outbox.ts'
import { deliverTwice } from '../probes/data-redelivery.ts'
import { settleWholeOrNot } from '../probes/money-whole.ts'

const outbox = 'src/db/outbox.ts'
const jobsTable = 'src/modules/jobs/jobs.repository.ts'
const applications = 'src/modules/applications/applications.service.ts'
const settlement = 'src/modules/payments/settlement.service.ts'

export const dataChanges: Control[] = [
  control({
    id: 'DAT-04',
    level: 'must',
    holds:
      'An acceptance is one transaction: contract, closed job, rejected siblings, audit rows and events are all there, or none is; so is the settlement of a payment: ledger, contract, payment, operation, audit row and event.',
    because:
      'A job that is closed without a contract, or a worker who was told of a contract that is not there, has to be mended by hand.',
    code: [applications, settlement, 'src/db/transaction.ts', 'src/db/once.ts'],
    runbook: 'docs/runbooks/database.md#a-change-is-half-done',
    needs: ['api', 'worker', 'payments'],
    own: {},
    probe: async (context) => ({ ...(await acceptWholeOrNot(context)), ...(await settleWholeOrNot(context)) }),
    sabotages: [
      source(
        'the application is settled on its own',
        applications,
        "settle(tx, id, 'accepted')",
        "settle(db, id, 'accepted')",
        {
          red: 'applications-kept',
        },
      ),
      source(
        'an audit row is written on its own',
        applications,
        "audit(tx, actor, 'application.accepted'",
        "audit(db, actor, 'application.accepted'",
        {
          red: 'audited-kept',
        },
      ),
      source(
        'an event is written on its own',
        applications,
        "tx,\n        'application.accepted'",
        "db,\n        'application.accepted'",
        {
          red: 'events-kept',
        },
      ),
      source(
        'siblings are forgotten',
        applications,
        'of await rejectOthers(tx, job.id))',
        'of [] as Awaited<ReturnType<typeof rejectOthers>>)',
        { red: 'applications-missing' },
      ),
      source('the ledger moves on its own', settlement, 'ledger.move(tx, fundingOf', 'ledger.move(db, fundingOf', {
        red: 'transfers-kept',
      }),
      source(
        'the step of the contract is written down on its own',
        'src/modules/contracts/contracts.service.ts',
        'await audit(tx, by,',
        'await audit(reads.newest, by,',
        { red: 'steps-kept' },
      ),
    ],
  }),

  control({
    id: 'DAT-07',
    level: 'must',
    holds:
      'An event is written with its change, is told whoever is killed between commit and publication, and follows the earlier ones of its aggregate.',
    because:
      'A process that dies between its commit and its message leaves people who are never told, and nobody sees that they were not.',
    code: [outbox, 'src/db/relay.ts'],
    runbook: 'docs/runbooks/queues.md#events-are-not-told',
    needs: ['api', 'redis', 'mail'],
    own: {
      OUTBOX_SWEEP_MS: '300',
      OUTBOX_RETRY_MS: '1500',
      DATABASE_LOCK_TIMEOUT_MS: '20000',
      DATABASE_STATEMENT_TIMEOUT_MS: '20000',
    },
    probe: tellWhateverDies,
    sabotages: [
      removed(
        applications,
        "      await outbox(tx, 'application.submitted', aggregateOf(row), factsOf(row, job), actor)",
        {
          red: 'no-event',
        },
      ),
      source(
        'published before the commit',
        applications,
        "outbox(tx, 'application.submitted'",
        "outbox(db, 'application.submitted'",
        {
          red: 'event-without-change',
        },
      ),
      source('what was claimed is never claimed again', outbox, 'OR published_at <', 'OR false AND published_at <', {
        red: 'lost-after-claim',
      }),
      source(
        'the order of an aggregate is ignored',
        outbox,
        'earlier.aggregate = event.aggregate',
        'earlier.position = event.position',
        {
          red: 'out-of-order',
        },
      ),
    ],
  }),

  control({
    id: 'DAT-08',
    level: 'must',
    holds:
      'An event that is delivered twice has its effect once: one notification, one mail, and the mail carries the id of its event.',
    because:
      'Queues deliver at least once; a consumer that does not know it tells people twice, and one day pays them twice.',
    lacks:
      'A worker that is killed between sending a mail and recording it sends that mail again, under the same Message-ID.',
    code: ['src/db/inbox.ts', 'src/modules/notifications/notifications.service.ts'],
    runbook: 'docs/runbooks/queues.md#something-was-told-twice',
    needs: ['api', 'worker', 'redis', 'mail'],
    probe: deliverTwice,
    sabotages: [
      source(
        'the mail is sent whatever was recorded',
        'src/modules/notifications/notifications.service.ts',
        "(await wasHandled(db, 'mail', event.id)) ? undefined : await",
        'await',
        { red: 'mailed-twice' },
      ),
      source('the effect is tried at each delivery', 'src/db/inbox.ts', 'if (ours) await', 'await', {
        red: 'effect-tried-again',
      }),
      sources(
        'no dedupe key, in the inbox or on notifications',
        [
          { file: 'src/db/inbox.ts', find: 'if (ours) await', replace: 'await' },
          {
            file: 'migrations/0004_applications.up.sql',
            find: '  mailed_at timestamptz(3),\n  CONSTRAINT notifications_once_per_event UNIQUE (event_id, user_id)\n',
            replace: '  mailed_at timestamptz(3)\n',
          },
        ],
        { red: 'told-twice' },
      ),
      source('each mail has another id', 'src/lib/mailer.ts', 'messageId: `<', 'ignored: `<', {
        red: 'no-message-id',
      }),
    ],
  }),

  control({
    id: 'DAT-09',
    level: 'must',
    holds:
      'A deleted job is out of sight and can be restored as it was; the purge removes it after its time, and never one under contract.',
    because:
      'People delete by mistake and ask for it back; what is kept for ever is what leaks, and what the law wanted gone.',
    code: ['src/modules/jobs/jobs.service.ts', jobsTable, 'src/purges.ts', 'src/purge.ts'],
    runbook: 'docs/runbooks/database.md#a-deleted-job-has-to-come-back',
    needs: ['api'],
    own: { DELETED_JOBS_KEPT_DAYS: '7' },
    probe: (context) => deleteAndPurge(context, 7),
    sabotages: [
      source(
        'hard deletion',
        jobsTable,
        '.update(jobs)\n      .set({ deletedAt: sql`now()`, ...nextVersion })',
        '.delete(jobs)',
        { red: 'hard-deleted' },
      ),
      removed(jobsTable, '    alive,', { red: 'listed-after-deletion' }),
      source(
        'anyone restores',
        jobsTable,
        'eq(jobs.clientId, clientId), isNotNull(jobs.deletedAt)',
        'isNotNull(jobs.deletedAt)',
        { red: 'restored-by-a-stranger' },
      ),
      source(
        'the time to keep is ignored',
        'src/purges.ts',
        'jobs.purge(config.deletedJobsKeptDays)',
        'jobs.purge(0)',
        {
          red: 'purged-too-early',
        },
      ),
      removed('src/purges.ts', '    jobs: await jobs.purge(config.deletedJobsKeptDays),', { red: 'never-purged' }),
    ],
  }),
]
