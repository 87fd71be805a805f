import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdempotencyKey, IdParams, refusals } from '../../lib/schemas.ts'
import { Application, ApplicationPage, ApplicationQuery, NewApplication } from './applications.schemas.ts'
import type { ApplicationsService } from './applications.service.ts'

type Options = { applications: ApplicationsService }

const tags = ['applications']

/** Under /v1/jobs. */
export const jobApplicationsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { applications }) => {
  app.post(
    '/:id/applications',
    {
      schema: {
        operationId: 'applyForJob',
        tags,
        summary: 'Apply for an open job',
        description: 'Once for each job. The client is told.',
        params: IdParams,
        headers: IdempotencyKey,
        body: NewApplication,
        response: { 201: Application, ...refusals(404, 409) },
      },
      config: { access: ['worker'], limit: 'write', idempotent: true, created: '/v1/applications/:id' },
    },
    (request) => applications.apply(request.actor, request.params.id, request.body, request.once),
  )

  app.get(
    '/:id/applications',
    {
      schema: {
        operationId: 'listJobApplications',
        tags,
        summary: 'Who applied for a job',
        description: 'For the client of the job, support and admins. The oldest first.',
        params: IdParams,
        querystring: ApplicationQuery,
        response: { 200: ApplicationPage, ...refusals(404) },
      },
      config: { access: ['client', 'support', 'admin'], limit: 'read' },
    },
    (request) => applications.listForJob(request.actor, request.params.id, request.query),
  )
}

/** Under /v1/applications. */
export const applicationsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { applications }) => {
  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getApplication',
        tags,
        summary: 'One application',
        description: 'For the worker who sent it, the client of the job, support and admins.',
        params: IdParams,
        response: { 200: Application, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => applications.get(request.actor, request.params.id),
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'withdrawApplication',
        tags,
        summary: 'Withdraw an application',
        description: 'As long as it is neither accepted nor rejected. The client is told.',
        params: IdParams,
        response: { 200: Application, ...refusals(404, 409) },
      },
      config: { access: ['worker'], limit: 'write' },
    },
    (request) => applications.withdraw(request.actor, request.params.id),
  )
}

/** Under /v1/me/applications. */
export const ownApplicationsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { applications }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listOwnApplications',
        tags,
        summary: 'Your applications',
        description: 'The oldest first.',
        querystring: ApplicationQuery,
        response: { 200: ApplicationPage },
      },
      config: { access: ['worker'], limit: 'read' },
    },
    (request) => applications.listOwn(request.actor, request.query),
  )
}
