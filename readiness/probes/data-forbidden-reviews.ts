// The part of data-forbidden.ts about reviews.
type People = { client: string; worker: string; nobody: string }
type Contracts = { first: string; second: string }

const id = "'00000000-0000-7000-8000-000000000151'"

export const reviewRows = ({ client, worker }: People, { first, second }: Contracts) => `
  INSERT INTO reviews (id, contract_id, author_id, subject_id, rating, text, visible_at) VALUES
    (${id}, ${first}, ${client}, ${worker}, 5, 'Good.', now()), (DEFAULT, ${second}, ${client}, ${worker}, 4, 'Good.', now());
  -- For what their constraints refuse: that words can't be changed at all stands beside the routes.
  ALTER TABLE reviews DISABLE TRIGGER USER`

export const forbiddenOfReviews = ({ client, worker, nobody }: People, { first }: Contracts) => ({
  reviews: {
    reviews_pkey: `id = ${nobody}`,
    reviews_contract_exists: `contract_id = ${nobody} WHERE id = ${id}`,
    reviews_author_exists: `author_id = ${nobody}`,
    reviews_subject_exists: `subject_id = ${nobody}`,
    reviews_one_per_side: `contract_id = ${first}`,
    reviews_of_the_other_side: [`subject_id = ${client}`, `author_id = ${worker}`],
    reviews_rating_bounds: ['rating = 0', 'rating = 6'],
    reviews_text_length: ["text = ''", "text = repeat('t', 2001)"],
  },
})
