-- no transaction
CREATE UNIQUE INDEX CONCURRENTLY notifications_by_number ON notifications (user_id, number);
