-- no transaction
-- Where support reads drafts: without it each page read all jobs.
CREATE INDEX CONCURRENTLY jobs_drafts_by_time ON jobs (listed_at, id) WHERE status = 'draft' AND deleted_at IS NULL;
