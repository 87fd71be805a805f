-- How many notifications somebody was ever given. Each carries its number: whoever listens knows by it what they have, and misses none.
-- One that the release before makes has none, and is told by the list alone.
CREATE TABLE notification_counts (
  user_id uuid PRIMARY KEY CONSTRAINT notification_counts_user_exists REFERENCES users (id),
  last bigint NOT NULL CONSTRAINT notification_counts_positive CHECK (last > 0)
);
ALTER TABLE notifications ADD COLUMN number bigint CONSTRAINT notifications_number_positive CHECK (number > 0);

GRANT SELECT, INSERT, DELETE, UPDATE (last) ON notification_counts TO seaworthy_app;
