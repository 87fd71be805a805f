-- What an operator has switched on: one row for each switch that the code knows.
CREATE TABLE switches (
  name text PRIMARY KEY,
  id uuid NOT NULL DEFAULT uuidv7() CONSTRAINT switches_id_unique UNIQUE,
  is_on boolean NOT NULL DEFAULT false,
  reason text,
  changed_by uuid CONSTRAINT switches_changed_by_exists REFERENCES users (id),
  changed_at timestamptz(3),
  CONSTRAINT switches_name_known CHECK (name IN ('read-only', 'cache-off')),
  CONSTRAINT switches_on_has_a_reason CHECK (is_on = (reason IS NOT NULL)),
  CONSTRAINT switches_reason_length CHECK (length(reason) BETWEEN 1 AND 500),
  CONSTRAINT switches_change_is_whole CHECK ((changed_by IS NULL) = (changed_at IS NULL))
);
INSERT INTO switches (name) VALUES ('read-only'), ('cache-off');

GRANT SELECT, UPDATE ON switches TO seaworthy_app;
