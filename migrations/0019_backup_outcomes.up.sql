-- When each kind of backup, and the drill, was last begun and last failed, how large the last good one is, and how long it took. What is
-- begun is written before the snapshot: the row is then in the backup itself, where a restore looks for it.
-- The release before takes a time that is not there for 1970: too old, which it is.
ALTER TABLE backups
  -- squawk-ignore ban-drop-not-null
  ALTER COLUMN finished_at DROP NOT NULL,
  ADD COLUMN started_at timestamptz(3),
  ADD COLUMN failed_at timestamptz(3),
  ADD COLUMN bytes bigint CONSTRAINT backups_bytes_not_negative CHECK (bytes >= 0),
  ADD COLUMN seconds double precision CONSTRAINT backups_seconds_not_negative CHECK (seconds >= 0);
