DROP INDEX contracts_by_disputer;
