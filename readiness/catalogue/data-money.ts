// Controls of money: the ledger.
import { type Control, control, source, sources } from '../control.ts'
import { ledgerAddsUp } from '../probes/data-ledger.ts'

const migration = 'migrations/0012_ledger.up.sql'

export const dataMoney: Control[] = [
  control({
    id: 'DAT-05',
    level: 'must',
    holds:
      'Money is a double-entry ledger in whole minor units: the entries of a transfer sum to zero, nobody changes one, an account that may not is never negative, and a thousand transfers at once between ten accounts come out exactly.',
    because:
      'A balance that is read, changed and written back loses what another call wrote meanwhile; one that anybody may write explains nothing. Cents that are gone are found by customers.',
    code: [migration, 'src/modules/ledger/ledger.service.ts', 'src/modules/ledger/ledger.repository.ts'],
    runbook: 'docs/runbooks/payments.md#the-ledger-does-not-add-up',
    needs: ['database'],
    own: {},
    probe: ledgerAddsUp,
    sabotages: [
      sources(
        'a balance is read, and then written without a lock',
        [
          { file: migration, find: ') ORDER BY id FOR NO KEY UPDATE;', replace: ');' },
          {
            file: migration,
            find: 'SET posted = ledger_accounts.posted + change.posted,',
            replace:
              'SET posted = (SELECT posted FROM ledger_accounts AS seen WHERE id = change.account_id) + change.posted,',
          },
        ],
        { red: 'balance-differs' },
      ),
      sources(
        'nothing asks whether entries sum to zero',
        ['transfers', 'entries'].map((table) => ({
          file: migration,
          find: `CREATE CONSTRAINT TRIGGER ledger_${table}_balanced AFTER INSERT ON ledger_${table} DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_check_balanced();`,
          replace: '',
        })),
        { red: 'unbalanced-allowed' },
      ),
      source(
        'the service may change entries',
        migration,
        'GRANT SELECT, INSERT ON ledger_transfers, ledger_entries TO seaworthy_app;',
        'GRANT SELECT, INSERT, UPDATE ON ledger_transfers, ledger_entries TO seaworthy_app;',
        { red: 'entry-changeable' },
      ),
      source(
        'an account may go below zero',
        migration,
        "CHECK (kind = 'clearing' OR posted - reserved >= 0)",
        "CHECK (kind = 'clearing' OR posted - reserved >= -1000000000)",
        { red: 'went-negative' },
      ),
    ],
  }),
]
