-- Whom a subject of another issuer is here. The operator links them; the service only looks, and forgets the erased.
CREATE TABLE external_identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  user_id uuid NOT NULL CONSTRAINT external_identities_user_exists REFERENCES users,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject),
  CONSTRAINT external_identities_issuer_length CHECK (length(issuer) BETWEEN 1 AND 500),
  CONSTRAINT external_identities_subject_length CHECK (length(subject) BETWEEN 1 AND 255)
);
CREATE INDEX external_identities_by_user ON external_identities (user_id);

GRANT SELECT, DELETE ON external_identities TO seaworthy_app;
-- Sealed under a newer key by npm run reseal.
GRANT UPDATE (sealed_key) ON person_keys TO seaworthy_app;
