-- What an administrator has settled for a feature flag: one row for each that was ever changed. What there is to settle stands in the code.
CREATE TABLE flags (
  name text PRIMARY KEY,
  id uuid NOT NULL DEFAULT uuidv7() CONSTRAINT flags_id_unique UNIQUE,
  is_on boolean NOT NULL,
  split jsonb NOT NULL,
  rules jsonb NOT NULL,
  changed_by uuid NOT NULL CONSTRAINT flags_changed_by_exists REFERENCES users (id),
  changed_at timestamptz(3) NOT NULL,
  CONSTRAINT flags_name_shape CHECK (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(name) <= 100),
  CONSTRAINT flags_split_is_a_list CHECK (jsonb_typeof(split) = 'array'),
  CONSTRAINT flags_rules_are_a_list CHECK (jsonb_typeof(rules) = 'array')
);

GRANT SELECT, INSERT, UPDATE (is_on, split, rules, changed_by, changed_at) ON flags TO seaworthy_app;
