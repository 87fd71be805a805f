-- Erases someone once more, after an older state of the database was restored: docs/runbooks/privacy.md. As the owner of the schema,
-- with -v id=USER_ID; `npm run purge` takes the rest within two days.
\set ON_ERROR_STOP on
BEGIN;
UPDATE users
SET name = 'Erased user', email = 'erased-' || id || '@erased.invalid', email_verified_at = NULL, erased_at = now(),
  -- Of no password that anyone knows.
  password_hash = '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  version = version + 1, updated_at = now()
WHERE id = :'id' AND erased_at IS NULL;
UPDATE sessions SET ended_at = now(), ended_because = 'erased' WHERE user_id = :'id' AND ended_at IS NULL;
DELETE FROM person_keys WHERE user_id = :'id';
COMMIT;
