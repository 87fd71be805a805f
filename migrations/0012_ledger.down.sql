DROP TABLE ledger_entries;
DROP TABLE ledger_transfers;
DROP TABLE ledger_accounts;
DROP FUNCTION ledger_check_contract();
DROP FUNCTION ledger_check_end();
DROP FUNCTION ledger_check_balanced();
DROP FUNCTION ledger_keep_balances();
