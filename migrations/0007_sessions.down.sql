DROP TABLE refresh_tokens;
DROP TABLE sessions;
ALTER TABLE users DROP COLUMN erased_at, DROP COLUMN blocked_at, DROP COLUMN email_verified_at;
