CREATE TABLE jobs (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  client_id uuid NOT NULL CONSTRAINT jobs_client_exists REFERENCES users (id),
  slug text NOT NULL CONSTRAINT jobs_slug_unique UNIQUE,
  title text NOT NULL,
  description text NOT NULL,
  category text NOT NULL,
  skills text[] NOT NULL DEFAULT '{}',
  budget_amount bigint NOT NULL,
  budget_currency text NOT NULL,
  status text NOT NULL DEFAULT 'draft',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  published_at timestamptz(3),
  closed_at timestamptz(3),
  deleted_at timestamptz(3),
  -- The order of lists: a draft counts from when it was made, a published job from its publication.
  listed_at timestamptz(3) NOT NULL GENERATED ALWAYS AS (COALESCE(published_at, created_at)) STORED,
  search tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', description), 'B')
  ) STORED,
  CONSTRAINT jobs_slug_shape CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) BETWEEN 3 AND 100),
  CONSTRAINT jobs_title_length CHECK (length(title) BETWEEN 3 AND 160),
  CONSTRAINT jobs_description_length CHECK (length(description) BETWEEN 1 AND 10000),
  CONSTRAINT jobs_category_known CHECK (category IN ('design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other')),
  CONSTRAINT jobs_skills_bounded CHECK (cardinality(skills) <= 20),
  CONSTRAINT jobs_budget_positive CHECK (budget_amount BETWEEN 1 AND 1000000000000),
  CONSTRAINT jobs_currency_shape CHECK (budget_currency ~ '^[A-Z]{3}$'),
  CONSTRAINT jobs_status_known CHECK (status IN ('draft', 'open', 'closed')),
  CONSTRAINT jobs_draft_is_unpublished CHECK ((status = 'draft') = (published_at IS NULL)),
  CONSTRAINT jobs_closed_has_a_time CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
  CONSTRAINT jobs_version_positive CHECK (version > 0)
);

-- One index for each order of the public list, its key last so that a page starts where the last one ended.
CREATE INDEX jobs_open_by_time ON jobs (listed_at, id) WHERE status = 'open' AND deleted_at IS NULL;
CREATE INDEX jobs_open_by_budget ON jobs (budget_amount, id) WHERE status = 'open' AND deleted_at IS NULL;
CREATE INDEX jobs_open_by_category ON jobs (category, listed_at, id) WHERE status = 'open' AND deleted_at IS NULL;
CREATE INDEX jobs_closed_by_time ON jobs (listed_at, id) WHERE status = 'closed' AND deleted_at IS NULL;
CREATE INDEX jobs_closed_by_budget ON jobs (budget_amount, id) WHERE status = 'closed' AND deleted_at IS NULL;
CREATE INDEX jobs_by_client ON jobs (client_id, listed_at, id);
CREATE INDEX jobs_search ON jobs USING gin (search);
CREATE INDEX jobs_skills ON jobs USING gin (skills);
CREATE INDEX jobs_deleted ON jobs (deleted_at) WHERE deleted_at IS NOT NULL;

-- DELETE is for the purge of what was deleted softly.
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO seaworthy_app;
