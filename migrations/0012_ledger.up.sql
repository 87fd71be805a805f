-- Double entry in two phases. An account holds what was posted to it; `reserved` of that is to leave by transfers that are pending.
CREATE TABLE ledger_accounts (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid CONSTRAINT ledger_accounts_user_exists REFERENCES users (id),
  kind text NOT NULL,
  currency text NOT NULL,
  posted bigint NOT NULL DEFAULT 0,
  reserved bigint NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT ledger_accounts_one_of_a_kind UNIQUE NULLS NOT DISTINCT (user_id, kind, currency),
  CONSTRAINT ledger_accounts_id_and_currency UNIQUE (id, currency),
  CONSTRAINT ledger_accounts_kind_known CHECK (kind IN ('available', 'held', 'fees', 'clearing')),
  -- Those of the platform have no owner.
  CONSTRAINT ledger_accounts_owner_fits_kind CHECK ((user_id IS NULL) = (kind IN ('fees', 'clearing'))),
  CONSTRAINT ledger_accounts_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
  -- As far as JSON counts exactly.
  CONSTRAINT ledger_accounts_posted_bounds CHECK (posted BETWEEN -9007199254740991 AND 9007199254740991),
  CONSTRAINT ledger_accounts_reserved_not_negative CHECK (reserved >= 0),
  -- Clearing stands for the world outside: it owes what all others have.
  CONSTRAINT ledger_accounts_balance_enough CHECK (kind = 'clearing' OR posted - reserved >= 0)
);

-- What moved, once and for all. One that is pending is ended by another that names it, posted or voided, with the same entries.
CREATE TABLE ledger_transfers (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  phase text NOT NULL,
  settles uuid CONSTRAINT ledger_transfers_ends_once UNIQUE CONSTRAINT ledger_transfers_settles_exists REFERENCES ledger_transfers (id),
  kind text NOT NULL,
  contract_id uuid CONSTRAINT ledger_transfers_contract_exists REFERENCES contracts (id),
  payment_id uuid,
  currency text NOT NULL,
  entry_count integer NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT ledger_transfers_id_and_currency UNIQUE (id, currency),
  CONSTRAINT ledger_transfers_phase_known CHECK (phase IN ('pending', 'posted', 'voided')),
  CONSTRAINT ledger_transfers_pending_settles_nothing CHECK (phase <> 'pending' OR settles IS NULL),
  CONSTRAINT ledger_transfers_voided_settles CHECK (phase <> 'voided' OR settles IS NOT NULL),
  CONSTRAINT ledger_transfers_kind_known CHECK (kind IN ('funding', 'release', 'refund', 'payout')),
  CONSTRAINT ledger_transfers_contract_fits_kind CHECK ((contract_id IS NULL) = (kind = 'payout')),
  CONSTRAINT ledger_transfers_payment_fits_kind CHECK ((payment_id IS NULL) = (kind = 'release')),
  CONSTRAINT ledger_transfers_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT ledger_transfers_entry_count_bounds CHECK (entry_count BETWEEN 2 AND 10)
);
-- A payment has one effect, and a contract is funded, released and refunded once, whatever the code does.
CREATE UNIQUE INDEX ledger_transfers_one_per_payment ON ledger_transfers (payment_id) WHERE settles IS NULL;
CREATE UNIQUE INDEX ledger_transfers_one_effect_per_contract ON ledger_transfers (contract_id, kind) WHERE phase = 'posted';
CREATE INDEX ledger_transfers_by_contract ON ledger_transfers (contract_id, id);
CREATE INDEX ledger_transfers_pending ON ledger_transfers (id) WHERE phase = 'pending';

CREATE TABLE ledger_entries (
  transfer_id uuid NOT NULL,
  account_id uuid NOT NULL,
  currency text NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (transfer_id, account_id),
  -- Of three currencies no two can differ.
  CONSTRAINT ledger_entries_transfer_exists FOREIGN KEY (transfer_id, currency) REFERENCES ledger_transfers (id, currency),
  CONSTRAINT ledger_entries_account_exists FOREIGN KEY (account_id, currency) REFERENCES ledger_accounts (id, currency),
  CONSTRAINT ledger_entries_amount_not_zero CHECK (amount <> 0),
  CONSTRAINT ledger_entries_amount_bounds CHECK (amount BETWEEN -1000000000000 AND 1000000000000)
);
CREATE INDEX ledger_entries_by_account ON ledger_entries (account_id, transfer_id);

-- Keeps the balances, with the rights of the owner: the service itself can't write them. Accounts are locked in the order of their
-- ids, so that of two transfers at once one waits, and neither for the other. What is only announced, or given up, locks no account
-- that it would go into.
CREATE FUNCTION ledger_keep_balances() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  PERFORM FROM ledger_accounts WHERE id IN (
    SELECT account_id FROM added JOIN ledger_transfers ON ledger_transfers.id = transfer_id WHERE phase = 'posted' OR amount < 0
  ) ORDER BY id FOR NO KEY UPDATE;
  UPDATE ledger_accounts SET posted = ledger_accounts.posted + change.posted, reserved = ledger_accounts.reserved + change.reserved
  FROM (
    SELECT account_id,
      coalesce(sum(amount) FILTER (WHERE phase = 'posted'), 0) AS posted,
      coalesce(sum(CASE WHEN phase = 'pending' THEN -amount WHEN settles IS NOT NULL THEN amount END) FILTER (WHERE amount < 0), 0) AS reserved
    FROM added JOIN ledger_transfers ON ledger_transfers.id = transfer_id
    WHERE phase = 'posted' OR amount < 0
    GROUP BY account_id
  ) AS change
  WHERE ledger_accounts.id = change.account_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entries_keep_balances AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added
  EXECUTE FUNCTION ledger_keep_balances();

-- At COMMIT each transfer has all of its entries, which sum to zero.
CREATE FUNCTION ledger_check_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  transfer uuid := CASE TG_TABLE_NAME WHEN 'ledger_entries' THEN to_jsonb(NEW) ->> 'transfer_id' ELSE to_jsonb(NEW) ->> 'id' END;
BEGIN
  IF NOT (
    SELECT count(amount) = entry_count AND coalesce(sum(amount), 0) = 0
    FROM ledger_transfers LEFT JOIN ledger_entries ON transfer_id = id WHERE id = transfer GROUP BY id
  ) THEN
    RAISE EXCEPTION 'transfer % does not have all of its entries, or they do not sum to zero', transfer
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_transfers_balanced AFTER INSERT ON ledger_transfers DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_check_balanced();
CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_check_balanced();

-- What ends a pending transfer is about the same, and moves exactly what that one announced.
CREATE FUNCTION ledger_check_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM ledger_transfers WHERE id = NEW.settles AND phase = 'pending'
      AND (kind, contract_id, payment_id, currency, entry_count)
        IS NOT DISTINCT FROM (NEW.kind, NEW.contract_id, NEW.payment_id, NEW.currency, NEW.entry_count)
  ) OR EXISTS (
    SELECT account_id, amount FROM ledger_entries WHERE transfer_id = NEW.id
    EXCEPT SELECT account_id, amount FROM ledger_entries WHERE transfer_id = NEW.settles
  ) THEN
    RAISE EXCEPTION 'transfer % is no end of %', NEW.id, NEW.settles
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_transfers_ends_the_same AFTER INSERT ON ledger_transfers DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.settles IS NOT NULL) EXECUTE FUNCTION ledger_check_end();

-- No contract gives out more than was paid for it, or in another currency: a client's account holds the money of many. Transfers of
-- one contract wait for each other, since all of them lock that account.
CREATE FUNCTION ledger_check_contract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT currency FROM contracts WHERE id = NEW.contract_id) <> NEW.currency OR (
    SELECT sum(CASE
      WHEN phase = 'posted' AND (settles IS NULL OR amount > 0) THEN amount
      WHEN phase = 'pending' AND amount < 0 THEN amount
      WHEN phase = 'voided' AND amount < 0 THEN -amount
    END)
    FROM ledger_transfers JOIN ledger_entries ON transfer_id = ledger_transfers.id
      JOIN ledger_accounts ON ledger_accounts.id = account_id AND ledger_accounts.kind = 'held'
    WHERE contract_id = NEW.contract_id
  ) < 0 THEN
    RAISE EXCEPTION 'transfer % takes more than contract % holds', NEW.id, NEW.contract_id
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER ledger_transfers_contract_holds_it AFTER INSERT ON ledger_transfers DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.contract_id IS NOT NULL) EXECUTE FUNCTION ledger_check_contract();

-- As in the audit trail: for every role, the owner too.
CREATE TRIGGER ledger_transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfers EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_transfers_rows_append_only BEFORE UPDATE OR DELETE ON ledger_transfers FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_rows_append_only BEFORE UPDATE OR DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE ledger_transfers ENABLE ALWAYS TRIGGER ledger_transfers_append_only, ENABLE ALWAYS TRIGGER ledger_transfers_rows_append_only;
ALTER TABLE ledger_entries ENABLE ALWAYS TRIGGER ledger_entries_append_only, ENABLE ALWAYS TRIGGER ledger_entries_rows_append_only;

-- A new account has no money: its balances are no column that the service may write.
GRANT SELECT, INSERT (user_id, kind, currency) ON ledger_accounts TO seaworthy_app;
GRANT SELECT, INSERT ON ledger_transfers, ledger_entries TO seaworthy_app;
