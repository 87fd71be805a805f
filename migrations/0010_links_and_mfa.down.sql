DROP TABLE recovery_codes;
DROP TABLE totp;
DROP TABLE mail_links;
