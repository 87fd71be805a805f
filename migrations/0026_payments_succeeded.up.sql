-- no transaction
-- Where reconciliation reads the last days.
CREATE INDEX CONCURRENTLY payments_succeeded ON payments (finished_at) WHERE status = 'succeeded';
