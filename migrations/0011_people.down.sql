REVOKE DELETE ON notifications FROM seaworthy_app;
DROP INDEX outbox_by_job;
DROP INDEX idempotency_keys_made;
DROP TABLE data_exports;
DROP TABLE operations;
DROP INDEX users_blocked;
DROP INDEX users_by_role;
