DROP INDEX jobs_drafts_by_budget;
