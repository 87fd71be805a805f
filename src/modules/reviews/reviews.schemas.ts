import { type Static, Type } from 'typebox'
import { Id, Instant, Nullable, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

const Rating = Type.Integer({
  minimum: 1,
  maximum: 5,
  format: 'int32',
  description: 'From 1, bad, to 5, good',
  examples: [5],
})
const Words = Text(1, 2000, { description: 'For everybody to read', examples: ['Nine cranes mended, on time.'] })

export const NewReview = Strict(
  { rating: Rating, text: Words },
  { title: 'NewReview', description: 'What to say of the other side' },
)
export type NewReview = Static<typeof NewReview>

export const Review = Strict(
  {
    id: Uuid,
    contractId: Id('The contract that it is about'),
    authorId: Id('Who wrote it'),
    subjectId: Id('Whom it is about'),
    by: OneOf(['client', 'worker'], { description: 'The side that wrote it' }),
    rating: Rating,
    text: Words,
    createdAt: Instant,
    visibleAt: Type.String({
      format: 'date-time',
      maxLength: 30,
      description: 'From when on everybody sees it: once both are in, else 14 days after the end of the contract',
    }),
  },
  { title: 'Review', description: 'What one side of a contract says of the other; it never changes' },
)
export type Review = Static<typeof Review>

export const ContractReviews = Strict(
  { data: Type.Array(Review, { maxItems: 2 }) },
  { title: 'ContractReviews', description: 'The reviews of a contract that you may see' },
)
export type ContractReviews = Static<typeof ContractReviews>

export const ReviewQuery = Strict(PageQuery)
export type ReviewQuery = Static<typeof ReviewQuery>

const Summary = Strict(
  {
    count: Type.Integer({ minimum: 0, maximum: 2_147_483_647, format: 'int32', description: 'How many there are' }),
    average: Nullable(Type.Number({ minimum: 1, maximum: 5 }), {
      description: 'Of all ratings, to one decimal; null without any',
      examples: [4.7],
    }),
  },
  { title: 'ReviewSummary', description: 'All reviews of someone that can be seen, on this page or not' },
)

export const ReviewPage = Type.Object(
  { ...PageOf(Review).properties, summary: Summary },
  { additionalProperties: false, title: 'ReviewPage', description: 'A page of reviews of someone' },
)
export type ReviewPage = Static<typeof ReviewPage>
