-- The service logs in as a member of this group. It owns nothing: each migration grants it just what the code uses.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'seaworthy_app') THEN
    CREATE ROLE seaworthy_app NOLOGIN;
  END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO seaworthy_app;
GRANT SELECT ON schema_migrations TO seaworthy_app;

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  email text NOT NULL CONSTRAINT users_email_unique UNIQUE,
  name text NOT NULL,
  role text NOT NULL,
  password_hash text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT users_email_normal CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
  CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT users_role_known CHECK (role IN ('client', 'worker', 'support', 'admin')),
  CONSTRAINT users_password_hashed CHECK (password_hash LIKE '$argon2id$%'),
  CONSTRAINT users_version_positive CHECK (version > 0)
);

GRANT SELECT, INSERT, UPDATE ON users TO seaworthy_app;
