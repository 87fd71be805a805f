-- no transaction
-- Where the purge looks at those again who were erased in the last days.
CREATE INDEX CONCURRENTLY users_erased ON users (erased_at) WHERE erased_at IS NOT NULL;
