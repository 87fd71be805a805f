-- A link that goes out by mail and works once. The worker makes its token when it sends the mail; only the hash (SHA-256) is kept.
CREATE TABLE mail_links (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid NOT NULL CONSTRAINT mail_links_user_exists REFERENCES users,
  kind text NOT NULL,
  hash bytea CONSTRAINT mail_links_hash_unique UNIQUE,
  -- Of a change of address: to which, from which (once it is done, for the notice to it), and the session that asked for it, which
  -- may be one of another issuer.
  new_email text,
  old_email text,
  session_id uuid,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  CONSTRAINT mail_links_kind_known CHECK (kind IN ('magic-link', 'password-reset', 'email-verification', 'email-change')),
  CONSTRAINT mail_links_hash_length CHECK (length(hash) = 32),
  CONSTRAINT mail_links_used_after_sent CHECK (used_at IS NULL OR hash IS NOT NULL),
  CONSTRAINT mail_links_change_has_address CHECK ((kind = 'email-change') = (new_email IS NOT NULL)),
  CONSTRAINT mail_links_new_email_normal CHECK (new_email = lower(new_email) AND length(new_email) BETWEEN 3 AND 254),
  CONSTRAINT mail_links_old_email_after_change CHECK (old_email IS NULL OR (new_email IS NOT NULL AND used_at IS NOT NULL))
);
CREATE INDEX mail_links_by_user ON mail_links (user_id, kind, created_at);
CREATE INDEX mail_links_created ON mail_links (created_at);

-- The second factor of a user (RFC 6238), on once it is confirmed. The seed is sealed under a key of the environment.
CREATE TABLE totp (
  user_id uuid PRIMARY KEY CONSTRAINT totp_user_exists REFERENCES users,
  sealed_seed text NOT NULL,
  confirmed_at timestamptz(3),
  -- The time step of the last code that was taken: neither it nor an earlier one is taken again.
  last_step bigint NOT NULL DEFAULT 0,
  CONSTRAINT totp_seed_sealed CHECK (sealed_seed ~ '^[a-z0-9-]{1,40}[.][A-Za-z0-9_-]{16}[.][A-Za-z0-9_-]{22}[.][A-Za-z0-9_-]{27}$')
);

-- What stands in for the second factor, once each. Only the hash (SHA-256) is kept.
CREATE TABLE recovery_codes (
  user_id uuid NOT NULL CONSTRAINT recovery_codes_user_exists REFERENCES users,
  hash bytea NOT NULL,
  used_at timestamptz(3),
  PRIMARY KEY (user_id, hash),
  CONSTRAINT recovery_codes_hash_length CHECK (length(hash) = 32)
);

GRANT SELECT, INSERT, DELETE, UPDATE (hash, old_email, expires_at, used_at) ON mail_links TO seaworthy_app;
GRANT SELECT, INSERT, DELETE, UPDATE (sealed_seed, confirmed_at, last_step) ON totp TO seaworthy_app;
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON recovery_codes TO seaworthy_app;
