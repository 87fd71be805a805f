DELETE FROM backups WHERE finished_at IS NULL;
ALTER TABLE backups
  DROP COLUMN seconds,
  DROP COLUMN bytes,
  DROP COLUMN failed_at,
  DROP COLUMN started_at,
  ALTER COLUMN finished_at SET NOT NULL;
