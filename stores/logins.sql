-- Runs once, while the volume is new: the database and its logins (docs/decisions/0019), with the passwords of scripts/make-secrets.
\set owner_password `cat /run/secrets/postgres_owner_password`
\set service_password `cat /run/secrets/postgres_service_password`
\set monitor_password `cat /run/secrets/postgres_monitor_password`

CREATE ROLE seaworthy_app NOLOGIN;
CREATE ROLE seaworthy_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE seaworthy_service LOGIN PASSWORD :'service_password' IN ROLE seaworthy_app;
CREATE DATABASE seaworthy OWNER seaworthy_owner;
REVOKE ALL ON DATABASE seaworthy FROM PUBLIC;
GRANT CONNECT ON DATABASE seaworthy TO seaworthy_app;

-- A client says these when it connects, which PgBouncer can't pass on to a connection that clients share. As in .env.example.
ALTER ROLE seaworthy_service SET statement_timeout = '5s';
ALTER ROLE seaworthy_service SET lock_timeout = '2s';
ALTER ROLE seaworthy_service SET idle_in_transaction_session_timeout = '10s';

-- Sees the statistics of every database, and no row of ours.
CREATE ROLE seaworthy_monitor LOGIN PASSWORD :'monitor_password' IN ROLE pg_monitor;
CREATE EXTENSION pg_stat_statements;
