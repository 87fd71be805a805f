DROP TABLE reviews;
DROP FUNCTION reviews_refuse_other_words();
