ALTER TABLE notifications DROP COLUMN number;
DROP TABLE notification_counts;
