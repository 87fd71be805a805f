ALTER TABLE users
  ADD COLUMN email_verified_at timestamptz(3),
  ADD COLUMN blocked_at timestamptz(3),
  ADD COLUMN erased_at timestamptz(3);

-- A sign-in, until it ends: its access tokens carry its id, its refresh tokens are one family.
CREATE TABLE sessions (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid NOT NULL CONSTRAINT sessions_user_known REFERENCES users,
  user_agent text NOT NULL,
  address_hash text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3) NOT NULL DEFAULT now(),
  ended_at timestamptz(3),
  ended_because text,
  CONSTRAINT sessions_user_agent_length CHECK (length(user_agent) <= 200),
  CONSTRAINT sessions_end_has_reason CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX sessions_open_by_user ON sessions (user_id, id) WHERE ended_at IS NULL;
-- Where somebody signed in before: ended ones too.
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_last_used ON sessions (last_used_at);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- What renews a session, once; using one brings its successor. Only the hash (SHA-256) is kept.
CREATE TABLE refresh_tokens (
  hash bytea PRIMARY KEY,
  session_id uuid NOT NULL CONSTRAINT refresh_tokens_session_known REFERENCES sessions ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  used_at timestamptz(3),
  successor bytea,
  forgiven_at timestamptz(3),
  CONSTRAINT refresh_tokens_hash_length CHECK (length(hash) = 32),
  CONSTRAINT refresh_tokens_forgiven_after_use CHECK (forgiven_at IS NULL OR used_at IS NOT NULL),
  CONSTRAINT refresh_tokens_successor_after_use CHECK (successor IS NULL OR used_at IS NOT NULL)
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

GRANT SELECT, INSERT, DELETE, UPDATE (last_used_at, ended_at, ended_because, user_agent, address_hash) ON sessions TO seaworthy_app;
GRANT SELECT, INSERT, DELETE, UPDATE (used_at, successor, forgiven_at) ON refresh_tokens TO seaworthy_app;
