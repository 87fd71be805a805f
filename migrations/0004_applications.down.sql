DROP TABLE notifications;
DROP TABLE contracts;
DROP TABLE applications;
