-- no transaction
-- The same in the order of budgets.
CREATE INDEX CONCURRENTLY jobs_drafts_by_budget ON jobs (budget_amount, id) WHERE status = 'draft' AND deleted_at IS NULL;
