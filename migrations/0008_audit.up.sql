-- Written before the first release, when nobody was served beside it. What comes later makes it as docs/migrations.md says.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- What an action changed, whose personal data that holds, and the transaction that wrote it. The rows of before have none: 0.
ALTER TABLE audit_log
  ADD COLUMN before jsonb,
  ADD COLUMN after jsonb,
  ADD COLUMN person_id uuid,
  ADD COLUMN address_hash text,
  ADD COLUMN txid bigint NOT NULL DEFAULT 0;
ALTER TABLE audit_log ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint;

DROP INDEX audit_log_by_object;
CREATE INDEX audit_log_by_object ON audit_log (object_id, id);
CREATE INDEX audit_log_by_type ON audit_log (object_type, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
-- Rows lie in the order in which they were written, so that this costs an INSERT next to nothing.
CREATE INDEX audit_log_by_txid ON audit_log USING brin (txid) WITH (pages_per_range = 16, autosummarize = on);

-- A signed link of the chain over a batch of the trail: which rows there were, and the SHA-256 of each, in the order of their ids.
CREATE TABLE audit_seals (
  number bigint PRIMARY KEY,
  row_ids int8multirange NOT NULL,
  row_count integer NOT NULL,
  hashes bytea NOT NULL,
  root bytea NOT NULL,
  previous bytea NOT NULL,
  seen_txid bigint NOT NULL,
  floor_id bigint NOT NULL,
  sealed_at timestamptz(3) NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  CONSTRAINT audit_seals_number_positive CHECK (number > 0),
  CONSTRAINT audit_seals_hash_for_each_row CHECK (row_count > 0 AND octet_length(hashes) = 32 * row_count)
);
CREATE INDEX audit_seals_row_ids ON audit_seals USING gist (row_ids);

-- The key of a person's data in the trail. Erasure removes it: what it sealed can then be read by nobody, and is still chained.
CREATE TABLE person_keys (
  user_id uuid PRIMARY KEY CONSTRAINT person_keys_user_exists REFERENCES users,
  sealed_key text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;

-- For every role, the owner too, and also where session_replication_role is replica. By statement, so that TRUNCATE and what
-- finds no row raise; by row, for whoever reaches a row by another table that inherits it.
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_rows_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_seals_rows_append_only BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only, ENABLE ALWAYS TRIGGER audit_log_rows_append_only;
ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_append_only, ENABLE ALWAYS TRIGGER audit_seals_rows_append_only;

GRANT SELECT, INSERT ON audit_seals TO seaworthy_app;
GRANT SELECT, INSERT, DELETE ON person_keys TO seaworthy_app;
