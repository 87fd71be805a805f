-- What each process last said of its breakers, for operators: it says so at each change, and now and then. One that has said nothing for
-- a while is gone.
CREATE TABLE breakers (
  process uuid NOT NULL,
  name text NOT NULL,
  service text NOT NULL,
  host text NOT NULL,
  state text NOT NULL,
  failures integer NOT NULL,
  opened_at timestamptz(3),
  seen_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (process, name),
  CONSTRAINT breakers_name_shape CHECK (name ~ '^[a-z]+(-[a-z]+)*$' AND length(name) <= 60),
  CONSTRAINT breakers_service_length CHECK (length(service) BETWEEN 1 AND 100),
  CONSTRAINT breakers_host_length CHECK (length(host) BETWEEN 1 AND 255),
  CONSTRAINT breakers_state_known CHECK (state IN ('closed', 'half-open', 'open')),
  CONSTRAINT breakers_failures_not_negative CHECK (failures >= 0),
  CONSTRAINT breakers_open_has_a_time CHECK ((state = 'closed') = (opened_at IS NULL))
);

-- The last reset of each breaker, which every process follows within a second or two.
CREATE TABLE breaker_resets (
  name text PRIMARY KEY,
  id uuid NOT NULL DEFAULT uuidv7() CONSTRAINT breaker_resets_id_unique UNIQUE,
  reset_by uuid NOT NULL CONSTRAINT breaker_resets_reset_by_exists REFERENCES users (id),
  reset_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT breaker_resets_name_shape CHECK (name ~ '^[a-z]+(-[a-z]+)*$' AND length(name) <= 60)
);

GRANT SELECT, DELETE, INSERT, UPDATE (state, failures, opened_at, seen_at) ON breakers TO seaworthy_app;
GRANT SELECT, INSERT, UPDATE (reset_by, reset_at) ON breaker_resets TO seaworthy_app;
