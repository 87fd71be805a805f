-- Written before the first release, when nobody was served beside it. What comes later makes it as docs/migrations.md says.
-- squawk-ignore-file require-concurrent-index-creation
-- The lists of the administration, newest first: all, those of a role, and who is blocked.
CREATE INDEX users_by_role ON users (role, id);
CREATE INDEX users_blocked ON users (id) WHERE blocked_at IS NOT NULL;

-- What was accepted by 202 and is done later: who asked may look how far it is.
CREATE TABLE operations (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid NOT NULL CONSTRAINT operations_user_exists REFERENCES users (id),
  kind text NOT NULL,
  status text NOT NULL DEFAULT 'pending',
  result jsonb,
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  expires_at timestamptz(3) NOT NULL,
  CONSTRAINT operations_kind_shape CHECK (kind ~ '^[a-z]+(-[a-z]+)*$' AND length(kind) <= 60),
  CONSTRAINT operations_status_known CHECK (status IN ('pending', 'running', 'succeeded', 'failed')),
  CONSTRAINT operations_end_has_a_time CHECK ((status IN ('succeeded', 'failed')) = (finished_at IS NOT NULL)),
  CONSTRAINT operations_failure_has_error CHECK ((status = 'failed') = (error IS NOT NULL)),
  CONSTRAINT operations_error_length CHECK (length(error) BETWEEN 1 AND 500),
  CONSTRAINT operations_result_of_success CHECK (result IS NULL OR status = 'succeeded')
);
CREATE INDEX operations_by_user ON operations (user_id, id);
CREATE INDEX operations_expired ON operations (expires_at);

-- A copy of all that is kept about a person, sealed: nobody can read it in the database. Removed a week after it was made.
CREATE TABLE data_exports (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid NOT NULL CONSTRAINT data_exports_user_exists REFERENCES users (id),
  operation_id uuid NOT NULL CONSTRAINT data_exports_operation_unique UNIQUE
    CONSTRAINT data_exports_operation_exists REFERENCES operations (id) ON DELETE CASCADE,
  sealed text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  ended_at timestamptz(3),
  expires_at timestamptz(3),
  CONSTRAINT data_exports_sealed_has_an_end CHECK ((sealed IS NULL) = (expires_at IS NULL)),
  CONSTRAINT data_exports_sealed_has_ended CHECK (sealed IS NULL OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX data_exports_one_open ON data_exports (user_id) WHERE ended_at IS NULL;
CREATE INDEX data_exports_by_user ON data_exports (user_id);
CREATE INDEX data_exports_expired ON data_exports (expires_at) WHERE expires_at IS NOT NULL;

-- Where erasure looks: an answer to a stranger about the account it made, and events that name a job.
CREATE INDEX idempotency_keys_made ON idempotency_keys ((body ->> 'id')) WHERE caller LIKE 'stranger %';
CREATE INDEX outbox_by_job ON outbox ((payload ->> 'jobId')) WHERE payload ? 'jobId';

GRANT SELECT, DELETE, INSERT, UPDATE (status, result, error, finished_at) ON operations TO seaworthy_app;
GRANT SELECT, DELETE, INSERT, UPDATE (sealed, ended_at, expires_at) ON data_exports TO seaworthy_app;
-- Those of an erased person go.
GRANT DELETE ON notifications TO seaworthy_app;
