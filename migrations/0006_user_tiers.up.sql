-- What the limits of a user are multiplied by. Like the roles of staff, the operator sets it.
ALTER TABLE users
  ADD COLUMN tier text NOT NULL DEFAULT 'standard',
  ADD CONSTRAINT users_tier_known CHECK (tier IN ('standard', 'partner')) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_tier_known;
