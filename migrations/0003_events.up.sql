-- What happened and has to be told: written in the transaction that it describes, kept until its effect is recorded.
CREATE TABLE outbox (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL DEFAULT uuidv7() CONSTRAINT outbox_id_unique UNIQUE,
  aggregate text NOT NULL,
  kind text NOT NULL,
  payload jsonb NOT NULL,
  request_id text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  published_at timestamptz(3),
  handled_at timestamptz(3),
  dead_at timestamptz(3),
  error text,
  CONSTRAINT outbox_dead_has_error CHECK ((dead_at IS NULL) = (error IS NULL)),
  CONSTRAINT outbox_ends_once CHECK (handled_at IS NULL OR dead_at IS NULL)
);

-- The events that are still to be told, in order; for each aggregate the next one.
CREATE INDEX outbox_open ON outbox (position) WHERE handled_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_open_by_aggregate ON outbox (aggregate, position) WHERE handled_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (position) WHERE dead_at IS NOT NULL;
CREATE INDEX outbox_handled ON outbox (handled_at) WHERE handled_at IS NOT NULL;

-- Which consumer has had its effect of which event: a second delivery finds the row and does nothing.
CREATE TABLE inbox (
  event_id uuid NOT NULL,
  consumer text NOT NULL,
  handled_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (event_id, consumer)
);
CREATE INDEX inbox_handled ON inbox (handled_at);

-- The answers of calls that carried an Idempotency-Key, committed with their work.
CREATE TABLE idempotency_keys (
  caller text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  body_hash bytea NOT NULL,
  status integer,
  body jsonb,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (caller, route, key),
  CONSTRAINT idempotency_keys_length CHECK (length(key) BETWEEN 1 AND 255)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Who did what. The service may add and read, never change.
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz(3) NOT NULL DEFAULT now(),
  actor_id uuid,
  actor_role text,
  action text NOT NULL,
  object_type text NOT NULL,
  object_id uuid NOT NULL,
  request_id text
);
CREATE INDEX audit_log_by_object ON audit_log (object_type, object_id, id);

GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, inbox, idempotency_keys TO seaworthy_app;
GRANT SELECT, INSERT ON audit_log TO seaworthy_app;
