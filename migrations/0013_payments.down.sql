DROP TABLE provider_events;
DROP TABLE payments;

DROP INDEX contracts_to_release, contracts_never_funded, contracts_disputed;
DROP TRIGGER contracts_legal_path ON contracts;
DROP FUNCTION contracts_refuse_other_paths();
REVOKE UPDATE (
  status, updated_at, funded_at, delivered_at, approved_at, releases_at, disputed_at, disputed_by, dispute_reason, worker_share,
  ended_at
) ON contracts FROM seaworthy_app;
GRANT UPDATE ON contracts TO seaworthy_app;
-- Before, a contract was agreed on and no more.
ALTER TABLE contracts
  DROP CONSTRAINT contracts_status_known,
  DROP CONSTRAINT contracts_fee_bounds,
  DROP CONSTRAINT contracts_funded_once_paid,
  DROP CONSTRAINT contracts_delivered_before_approved,
  DROP CONSTRAINT contracts_approved_has_a_release,
  DROP CONSTRAINT contracts_dispute_complete,
  DROP CONSTRAINT contracts_dispute_reason_length,
  DROP CONSTRAINT contracts_resolved_has_a_share,
  DROP CONSTRAINT contracts_end_has_a_time;
UPDATE contracts SET status = 'accepted';
ALTER TABLE contracts
  ADD CONSTRAINT contracts_status_known CHECK (status IN ('accepted')),
  DROP COLUMN fee_bps,
  DROP COLUMN updated_at,
  DROP COLUMN funded_at,
  DROP COLUMN delivered_at,
  DROP COLUMN approved_at,
  DROP COLUMN releases_at,
  DROP COLUMN disputed_at,
  DROP COLUMN disputed_by,
  DROP COLUMN dispute_reason,
  DROP COLUMN worker_share,
  DROP COLUMN ended_at;
