-- The login of replicas (profile ha), with the password of scripts/make-secrets. Runs while the volume is new, and may run again.
\set replica_password `cat /run/secrets/postgres_replica_password`
SELECT 'CREATE ROLE seaworthy_replica' WHERE to_regrole('seaworthy_replica') IS NULL \gexec
ALTER ROLE seaworthy_replica REPLICATION LOGIN PASSWORD :'replica_password';
