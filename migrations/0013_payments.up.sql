-- Written before the first release, when nobody was served beside it. What comes later makes it as docs/migrations.md says.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-foreign-key-constraint
-- What becomes of a contract, and of the money that the provider moves for it.
ALTER TABLE contracts
  ADD fee_bps integer NOT NULL DEFAULT 0,
  ADD updated_at timestamptz(3) NOT NULL DEFAULT now(),
  ADD funded_at timestamptz(3),
  ADD delivered_at timestamptz(3),
  ADD approved_at timestamptz(3),
  ADD releases_at timestamptz(3),
  ADD disputed_at timestamptz(3),
  ADD disputed_by uuid CONSTRAINT contracts_disputer_exists REFERENCES users (id),
  ADD dispute_reason text,
  ADD worker_share bigint,
  ADD ended_at timestamptz(3),
  DROP CONSTRAINT contracts_status_known,
  ADD CONSTRAINT contracts_status_known CHECK (status IN (
    'accepted', 'funding', 'funded', 'delivered', 'approved', 'released', 'disputed', 'resolved', 'cancelled', 'refunded'
  )),
  ADD CONSTRAINT contracts_fee_bounds CHECK (fee_bps BETWEEN 0 AND 5000),
  ADD CONSTRAINT contracts_funded_once_paid CHECK (
    CASE WHEN status IN ('accepted', 'funding') THEN funded_at IS NULL
      ELSE status = 'cancelled' OR funded_at IS NOT NULL END
  ),
  ADD CONSTRAINT contracts_delivered_before_approved CHECK (
    delivered_at IS NOT NULL OR status NOT IN ('delivered', 'approved', 'released') AND approved_at IS NULL
  ),
  ADD CONSTRAINT contracts_approved_has_a_release CHECK (
    (approved_at IS NULL) = (releases_at IS NULL) AND (approved_at IS NOT NULL OR status NOT IN ('approved', 'released'))
  ),
  ADD CONSTRAINT contracts_dispute_complete CHECK (
    (status IN ('disputed', 'resolved')) = (disputed_at IS NOT NULL)
    AND (disputed_at IS NULL) = (disputed_by IS NULL) AND (disputed_at IS NULL) = (dispute_reason IS NULL)
  ),
  ADD CONSTRAINT contracts_dispute_reason_length CHECK (length(dispute_reason) BETWEEN 1 AND 2000),
  ADD CONSTRAINT contracts_resolved_has_a_share CHECK (
    (status = 'resolved') = (worker_share IS NOT NULL) AND (worker_share IS NULL OR worker_share BETWEEN 0 AND amount)
  ),
  ADD CONSTRAINT contracts_end_has_a_time CHECK (
    (ended_at IS NOT NULL) =
      (status IN ('released', 'resolved', 'refunded') OR (status = 'cancelled' AND funded_at IS NULL))
  );

-- The same table as in modules/contracts/lifecycle.ts: a test holds the two against each other.
CREATE FUNCTION contracts_refuse_other_paths() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) NOT IN (
    ('accepted', 'funding'), ('accepted', 'cancelled'),
    ('funding', 'funded'), ('funding', 'accepted'),
    ('funded', 'delivered'), ('funded', 'disputed'), ('funded', 'cancelled'),
    ('delivered', 'approved'), ('delivered', 'disputed'),
    ('approved', 'released'), ('approved', 'disputed'),
    ('disputed', 'resolved'),
    ('cancelled', 'refunded')
  ) THEN
    RAISE EXCEPTION 'A contract cannot go from % to %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'contracts_legal_path', TABLE = 'contracts';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contracts_legal_path BEFORE UPDATE OF status ON contracts
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION contracts_refuse_other_paths();

CREATE INDEX contracts_to_release ON contracts (releases_at) WHERE status = 'approved';
CREATE INDEX contracts_never_funded ON contracts (created_at) WHERE status = 'accepted';
CREATE INDEX contracts_disputed ON contracts (disputed_at, id) WHERE status = 'disputed';

-- One movement of money through the provider: it is tried until it has ended, and a try is repeated under the same name.
CREATE TABLE payments (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  kind text NOT NULL,
  user_id uuid NOT NULL CONSTRAINT payments_user_exists REFERENCES users (id),
  contract_id uuid CONSTRAINT payments_contract_exists REFERENCES contracts (id),
  amount bigint NOT NULL,
  currency text NOT NULL,
  method text,
  charge_id uuid CONSTRAINT payments_charge_exists REFERENCES payments (id),
  status text NOT NULL DEFAULT 'pending',
  provider_id text,
  transfer_id uuid CONSTRAINT payments_transfer_unique UNIQUE
    CONSTRAINT payments_transfer_exists REFERENCES ledger_transfers (id),
  operation_id uuid CONSTRAINT payments_operation_unique UNIQUE
    CONSTRAINT payments_operation_exists REFERENCES operations (id) ON DELETE SET NULL,
  failure text,
  tries integer NOT NULL DEFAULT 0,
  next_try_at timestamptz(3) NOT NULL DEFAULT now(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  CONSTRAINT payments_kind_known CHECK (kind IN ('charge', 'refund', 'payout')),
  CONSTRAINT payments_status_known CHECK (status IN ('pending', 'succeeded', 'failed')),
  CONSTRAINT payments_amount_positive CHECK (amount BETWEEN 1 AND 1000000000000),
  CONSTRAINT payments_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT payments_method_length CHECK (length(method) BETWEEN 1 AND 100),
  CONSTRAINT payments_kind_has_its_parts CHECK (
    (kind = 'payout') = (contract_id IS NULL) AND (kind = 'refund') = (charge_id IS NOT NULL)
    AND (kind = 'refund') = (method IS NULL)
  ),
  CONSTRAINT payments_end_has_a_time CHECK ((status = 'pending') = (finished_at IS NULL)),
  CONSTRAINT payments_failure_length CHECK (length(failure) BETWEEN 1 AND 200),
  CONSTRAINT payments_failure_has_a_reason CHECK ((status = 'failed') = (failure IS NOT NULL)),
  CONSTRAINT payments_provider_id_length CHECK (length(provider_id) BETWEEN 1 AND 255),
  CONSTRAINT payments_success_is_known_there CHECK (
    status <> 'succeeded' OR (provider_id IS NOT NULL AND transfer_id IS NOT NULL)
  ),
  CONSTRAINT payments_provider_id_unique UNIQUE (provider_id),
  CONSTRAINT payments_tries_bounds CHECK (tries >= 0)
);
-- A contract is paid once, and paid back once, whatever the code does.
CREATE UNIQUE INDEX payments_one_charge ON payments (contract_id) WHERE kind = 'charge' AND status <> 'failed';
CREATE UNIQUE INDEX payments_one_refund ON payments (contract_id) WHERE kind = 'refund' AND status <> 'failed';
CREATE INDEX payments_by_time ON payments (created_at, id);
CREATE INDEX payments_by_user ON payments (user_id, created_at, id);
CREATE INDEX payments_by_contract ON payments (contract_id);
CREATE INDEX payments_due ON payments (next_try_at) WHERE status = 'pending';

-- What the provider told us, once for each of its events, whatever it led to.
CREATE TABLE provider_events (
  id text PRIMARY KEY,
  type text NOT NULL,
  payment_id uuid CONSTRAINT provider_events_payment_exists REFERENCES payments (id),
  effect text NOT NULL,
  at timestamptz(3) NOT NULL,
  received_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT provider_events_id_length CHECK (length(id) BETWEEN 1 AND 255),
  CONSTRAINT provider_events_type_length CHECK (length(type) BETWEEN 1 AND 100),
  CONSTRAINT provider_events_effect_known CHECK (effect IN ('settled', 'nothing', 'unmatched', 'contradicts'))
);
CREATE INDEX provider_events_by_payment ON provider_events (payment_id);
CREATE INDEX provider_events_received ON provider_events (received_at);

-- The terms of a contract stay as they were agreed on.
REVOKE UPDATE ON contracts FROM seaworthy_app;
GRANT UPDATE (
  status, updated_at, funded_at, delivered_at, approved_at, releases_at, disputed_at, disputed_by, dispute_reason, worker_share,
  ended_at
) ON contracts TO seaworthy_app;
GRANT SELECT, INSERT, UPDATE (status, provider_id, transfer_id, failure, tries, next_try_at, finished_at) ON payments
  TO seaworthy_app;
GRANT SELECT, INSERT ON provider_events TO seaworthy_app;
