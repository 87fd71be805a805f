-- When each kind of backup, and the drill that restores one, last succeeded: written by whoever does it, as the owner of the schema, and
-- read for a metric.
CREATE TABLE backups (
  kind text PRIMARY KEY CONSTRAINT backups_kind_known CHECK (kind IN ('logical', 'physical', 'drill')),
  finished_at timestamptz(3) NOT NULL
);
GRANT SELECT ON backups TO seaworthy_app;
