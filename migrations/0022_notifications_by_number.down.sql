DROP INDEX notifications_by_number;
