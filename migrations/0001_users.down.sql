DROP TABLE users;
REVOKE SELECT ON schema_migrations FROM seaworthy_app;
REVOKE USAGE ON SCHEMA public FROM seaworthy_app;
-- The role stays: roles belong to the cluster, and another database may use it.
