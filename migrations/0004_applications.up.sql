CREATE TABLE applications (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  job_id uuid NOT NULL CONSTRAINT applications_job_exists REFERENCES jobs (id) ON DELETE CASCADE,
  worker_id uuid NOT NULL CONSTRAINT applications_worker_exists REFERENCES users (id),
  cover_letter text NOT NULL,
  status text NOT NULL DEFAULT 'submitted',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT applications_once_per_job UNIQUE (job_id, worker_id),
  CONSTRAINT applications_cover_letter_length CHECK (length(cover_letter) BETWEEN 1 AND 5000),
  CONSTRAINT applications_status_known CHECK (status IN ('submitted', 'withdrawn', 'accepted', 'rejected'))
);
-- A job has one accepted application at most, whatever the code does.
CREATE UNIQUE INDEX applications_one_accepted ON applications (job_id) WHERE status = 'accepted';
CREATE INDEX applications_by_job ON applications (job_id, created_at, id);
CREATE INDEX applications_by_worker ON applications (worker_id, created_at, id);

CREATE TABLE contracts (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  job_id uuid NOT NULL CONSTRAINT contracts_job_unique UNIQUE CONSTRAINT contracts_job_exists REFERENCES jobs (id),
  application_id uuid NOT NULL CONSTRAINT contracts_application_unique UNIQUE
    CONSTRAINT contracts_application_exists REFERENCES applications (id),
  client_id uuid NOT NULL CONSTRAINT contracts_client_exists REFERENCES users (id),
  worker_id uuid NOT NULL CONSTRAINT contracts_worker_exists REFERENCES users (id),
  amount bigint NOT NULL,
  currency text NOT NULL,
  status text NOT NULL DEFAULT 'accepted',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT contracts_amount_positive CHECK (amount BETWEEN 1 AND 1000000000000),
  CONSTRAINT contracts_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT contracts_status_known CHECK (status IN ('accepted')),
  CONSTRAINT contracts_two_parties CHECK (client_id <> worker_id)
);
CREATE INDEX contracts_by_time ON contracts (created_at, id);
CREATE INDEX contracts_by_client ON contracts (client_id, created_at, id);
CREATE INDEX contracts_by_worker ON contracts (worker_id, created_at, id);

CREATE TABLE notifications (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid NOT NULL CONSTRAINT notifications_user_exists REFERENCES users (id),
  event_id uuid NOT NULL,
  kind text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  read_at timestamptz(3),
  mailed_at timestamptz(3),
  CONSTRAINT notifications_once_per_event UNIQUE (event_id, user_id)
);
CREATE INDEX notifications_by_user ON notifications (user_id, created_at, id);

GRANT SELECT, INSERT, UPDATE ON applications, contracts, notifications TO seaworthy_app;
-- The purge of jobs takes their applications along.
GRANT DELETE ON applications TO seaworthy_app;
