-- Written before the first release, when nobody was served beside it. What comes later makes it as docs/migrations.md says.
-- squawk-ignore-file require-concurrent-index-creation
-- What workers do at fixed times. `known_since` is what a schedule is measured by that never ran, or whose times have changed.
CREATE TABLE schedules (
  name text PRIMARY KEY,
  cron text NOT NULL,
  known_since timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT schedules_name_shape CHECK (name ~ '^[a-z]+(-[a-z]+)*$' AND length(name) <= 60),
  CONSTRAINT schedules_cron_length CHECK (length(cron) BETWEEN 9 AND 100)
);

-- One row for each time that a schedule was due: whoever takes it does the work, and nobody else as long as they are seen at it.
CREATE TABLE schedule_runs (
  name text NOT NULL,
  slot timestamptz(3) NOT NULL,
  started_at timestamptz(3) NOT NULL DEFAULT now(),
  seen_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  tries integer NOT NULL DEFAULT 1,
  error text,
  result jsonb,
  PRIMARY KEY (name, slot),
  CONSTRAINT schedule_runs_tries_positive CHECK (tries >= 1),
  CONSTRAINT schedule_runs_error_length CHECK (length(error) BETWEEN 1 AND 500),
  CONSTRAINT schedule_runs_finished_without_error CHECK (finished_at IS NULL OR error IS NULL),
  CONSTRAINT schedule_runs_result_of_finished CHECK (result IS NULL OR finished_at IS NOT NULL)
);
CREATE INDEX schedule_runs_finished ON schedule_runs (name, slot) WHERE finished_at IS NOT NULL;
CREATE INDEX schedule_runs_by_slot ON schedule_runs (slot);

-- How much of what was made on a day, in UTC.
CREATE TABLE daily_figures (
  day date NOT NULL,
  name text NOT NULL,
  value bigint NOT NULL,
  PRIMARY KEY (day, name),
  CONSTRAINT daily_figures_value_bounds CHECK (value >= 0)
);

-- Where the digest looks: what nobody has read, and no mail has told. And where the closing of old jobs does.
CREATE INDEX notifications_waiting ON notifications (user_id, created_at) WHERE read_at IS NULL AND mailed_at IS NULL;
CREATE INDEX jobs_open_since ON jobs (published_at) WHERE status = 'open' AND deleted_at IS NULL;

GRANT SELECT, DELETE, INSERT, UPDATE (cron, known_since) ON schedules TO seaworthy_app;
GRANT SELECT, DELETE, INSERT, UPDATE (started_at, seen_at, finished_at, tries, error, result) ON schedule_runs TO seaworthy_app;
GRANT SELECT, INSERT, UPDATE (value) ON daily_figures TO seaworthy_app;
