-- no transaction
-- Where erasure looks for what somebody said of a contract.
CREATE INDEX CONCURRENTLY contracts_by_disputer ON contracts (disputed_by) WHERE disputed_by IS NOT NULL;
