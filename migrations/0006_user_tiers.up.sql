-- Written before the first release, when nobody was served beside it. What comes later makes it as docs/migrations.md says.
-- squawk-ignore-file constraint-missing-not-valid
-- What the limits of a user are multiplied by. Like the roles of staff, the operator sets it.
ALTER TABLE users
  ADD COLUMN tier text NOT NULL DEFAULT 'standard',
  ADD CONSTRAINT users_tier_known CHECK (tier IN ('standard', 'partner')) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_tier_known;
