-- What each side of a contract says of the other once it is over. Neither sees the other's before both are in, or 14 days passed.
CREATE TABLE reviews (
  id uuid PRIMARY KEY DEFAULT uuidv7(),
  contract_id uuid NOT NULL CONSTRAINT reviews_contract_exists REFERENCES contracts (id),
  author_id uuid NOT NULL CONSTRAINT reviews_author_exists REFERENCES users (id),
  subject_id uuid NOT NULL CONSTRAINT reviews_subject_exists REFERENCES users (id),
  rating integer NOT NULL,
  text text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  visible_at timestamptz(3) NOT NULL,
  CONSTRAINT reviews_one_per_side UNIQUE (contract_id, author_id),
  CONSTRAINT reviews_of_the_other_side CHECK (author_id <> subject_id),
  CONSTRAINT reviews_rating_bounds CHECK (rating BETWEEN 1 AND 5),
  CONSTRAINT reviews_text_length CHECK (length(text) BETWEEN 1 AND 2000)
);
-- The rating is in it, so that an average reads no row.
CREATE INDEX reviews_by_subject ON reviews (subject_id, visible_at, id) INCLUDE (rating);
CREATE INDEX reviews_by_author ON reviews (author_id, id);

-- A review stays as it was given. Its words may go, and nothing else, when the person that they are about is erased.
CREATE FUNCTION reviews_refuse_other_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'A review stays as it was given'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'reviews_words_stay', TABLE = 'reviews';
END $$;
CREATE TRIGGER reviews_words_stay BEFORE UPDATE OF text ON reviews
  FOR EACH ROW WHEN (NEW.text <> 'Erased') EXECUTE FUNCTION reviews_refuse_other_words();

GRANT SELECT, INSERT, UPDATE (visible_at, text) ON reviews TO seaworthy_app;
