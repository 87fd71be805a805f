REVOKE UPDATE (sealed_key) ON person_keys FROM seaworthy_app;
DROP TABLE external_identities;
