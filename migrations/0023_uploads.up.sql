-- Files that people keep here, such as their résumés. Their bytes are elsewhere (UPLOADS_URL), under names that nobody chose: a row is
-- there before its bytes are, and goes after them. A person has so many slots, and an upload takes one until it is removed.
CREATE TABLE uploads (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  user_id uuid NOT NULL CONSTRAINT uploads_user_exists REFERENCES users (id),
  object uuid NOT NULL CONSTRAINT uploads_object_unique UNIQUE,
  slot integer NOT NULL,
  name text NOT NULL,
  media_type text NOT NULL,
  size integer NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  attempted_at timestamptz(3) NOT NULL DEFAULT now(),
  stored_at timestamptz(3),
  removed_at timestamptz(3),
  CONSTRAINT uploads_slot_bounds CHECK (slot BETWEEN 1 AND 1000),
  CONSTRAINT uploads_name_shape CHECK (length(name) BETWEEN 1 AND 200 AND name !~ '[/\\[:cntrl:]]'),
  CONSTRAINT uploads_media_type_known CHECK (media_type IN (
    'application/pdf',
    'application/vnd.oasis.opendocument.text',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
  )),
  CONSTRAINT uploads_size_bounds CHECK (size BETWEEN 1 AND 20971520)
);
CREATE UNIQUE INDEX uploads_one_per_slot ON uploads (user_id, slot) WHERE removed_at IS NULL;
CREATE INDEX uploads_by_user ON uploads (user_id, created_at, id) WHERE stored_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX uploads_to_sweep ON uploads (id) WHERE stored_at IS NULL OR removed_at IS NOT NULL;

GRANT SELECT, INSERT, DELETE, UPDATE (name, attempted_at, stored_at, removed_at) ON uploads TO seaworthy_app;
