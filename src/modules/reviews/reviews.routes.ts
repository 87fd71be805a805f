import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import { ContractReviews, NewReview, Review, ReviewPage, ReviewQuery } from './reviews.schemas.ts'
import type { ReviewsService } from './reviews.service.ts'

type Options = { reviews: ReviewsService }

const tags = ['reviews']

/** Under /v1/contracts. */
export const contractReviewsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { reviews }) => {
  app.post(
    '/:id/reviews',
    {
      schema: {
        operationId: 'reviewContract',
        tags,
        summary: 'Review the other side',
        description:
          'Once for each side, when the contract is released or resolved, within 14 days. It never changes afterwards. Neither side sees the other’s before both are in, or those days are over.',
        params: IdParams,
        headers: IdempotencyKey,
        body: NewReview,
        response: { 201: Review, ...refusals(404, 409) },
      },
      config: {
        access: ['client', 'worker'],
        limit: 'write',
        idempotent: true,
        created: '/v1/contracts/:contractId/reviews',
      },
    },
    (request) => reviews.give(request.actor, request.params.id, request.body, request.once),
  )

  app.get(
    '/:id/reviews',
    {
      schema: {
        operationId: 'getContractReviews',
        tags,
        summary: 'The reviews of a contract',
        description:
          'Your own at once, the other side’s when both are in or 14 days after the end. For the two parties, support and admins, who see both.',
        params: IdParams,
        response: { 200: ContractReviews, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => reviews.listForContract(request.actor, request.params.id),
  )
}

/** Under /v1/users. */
export const userReviewsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { reviews }) => {
  app.get(
    '/:id/reviews',
    {
      schema: {
        operationId: 'listUserReviews',
        tags,
        summary: 'What others say of someone',
        description:
          'With the average of all. What opened last comes first; what is still blind is neither shown nor counted.',
        params: IdParams,
        querystring: ReviewQuery,
        response: { 200: ReviewPage, ...refusals(404) },
      },
      config: { access: 'public', limit: 'public' },
    },
    (request) => reviews.listForUser(request.viewer, request.params.id, request.query),
  )
}
