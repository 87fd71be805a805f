-- no transaction
-- Where reconciliation looks for refunds that nothing took the place of: seldom any.
CREATE INDEX CONCURRENTLY payments_refused_refunds ON payments (created_at) WHERE kind = 'refund' AND status = 'failed';
