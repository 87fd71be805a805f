import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { IdempotencyKey, IdParams, IfMatch, refusals } from '../../lib/schemas.ts'
import { Job, JobChanges, JobPage, JobQuery, NewJob, SlugParams, SlugState } from './jobs.schemas.ts'
import { type JobsService, jobTags } from './jobs.service.ts'

type Options = { jobs: JobsService }

const tags = ['jobs']

export const jobsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { jobs }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listJobs',
        tags,
        summary: 'Find jobs',
        description: 'Open jobs, unless `status` says otherwise, a page at a time. No sign-in needed.',
        querystring: JobQuery,
        response: { 200: JobPage },
      },
      config: {
        access: 'optional',
        limit: 'public',
        cached: { lifetime: 'short', tags: () => [jobTags.list], unless: ({ query }) => query.status === 'draft' },
      },
    },
    (request) => jobs.list(request.viewer, request.query),
  )

  app.post(
    '/',
    {
      schema: {
        operationId: 'createJob',
        tags,
        summary: 'Draft a job',
        description: 'The public does not see it before it is published. Without a slug, one is made of the title.',
        headers: IdempotencyKey,
        body: NewJob,
        response: { 201: Job, ...refusals(409, 422) },
      },
      config: { access: ['client'], limit: 'write', idempotent: true, created: '/v1/jobs/:id' },
    },
    (request) => jobs.create(request.actor, request.body, request.once),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getJob',
        tags,
        summary: 'One job',
        description: 'A draft is for its client and for support: to anyone else it is 404.',
        params: IdParams,
        response: { 200: Job, ...refusals(404) },
      },
      config: {
        access: 'optional',
        limit: 'public',
        cached: { lifetime: 'short', tags: ({ params }) => [jobTags.one(params.id)] },
      },
    },
    (request) => jobs.get(request.viewer, request.params.id),
  )

  app.patch(
    '/:id',
    {
      schema: {
        operationId: 'editJob',
        tags,
        summary: 'Change a draft or an open job',
        description:
          'Changes what the body names. Send the ETag of the job as If-Match: without it the answer is 428, after another change 412. A closed job stays as it is.',
        params: IdParams,
        headers: IfMatch,
        body: JobChanges,
        response: { 200: Job, ...refusals(404, 409, 412, 428) },
      },
      config: { access: ['client'], limit: 'write' },
    },
    (request) => jobs.edit(request.actor, request.params.id, request.ifMatch, request.body),
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteJob',
        tags,
        summary: 'Delete a job; it can be restored for a while',
        description: 'It is gone from every list at once, and its client can restore it until it is purged.',
        params: IdParams,
        response: { 204: Type.Null({ description: 'Deleted' }), ...refusals(404, 409) },
      },
      config: { access: ['client'], limit: 'write' },
    },
    async (request, reply) => {
      reply.code(204)
      return jobs.remove(request.actor, request.params.id)
    },
  )

  app.post(
    '/:id/restoration',
    {
      schema: {
        operationId: 'restoreJob',
        tags,
        summary: 'Undo a deletion',
        description: 'Brings a deleted job back with the status that it had, until it is purged.',
        params: IdParams,
        headers: IdempotencyKey,
        response: { 200: Job, ...refusals(404, 409) },
      },
      config: { access: ['client'], limit: 'write', idempotent: true },
    },
    (request) => jobs.restore(request.actor, request.params.id, request.once),
  )

  app.post(
    '/:id/publication',
    {
      schema: {
        operationId: 'publishJob',
        tags,
        summary: 'Open a draft for applications',
        description: 'Everyone can see the job from then on.',
        params: IdParams,
        headers: IdempotencyKey,
        response: { 200: Job, ...refusals(404, 409) },
      },
      config: { access: ['client'], limit: 'write', idempotent: true },
    },
    (request) => jobs.publish(request.actor, request.params.id, request.once),
  )

  app.delete(
    '/:id/publication',
    {
      schema: {
        operationId: 'closeJob',
        tags,
        summary: 'Close an open job for good',
        description: 'Everyone can still see it, and nobody can change or publish it again.',
        params: IdParams,
        response: { 200: Job, ...refusals(404, 409) },
      },
      config: { access: ['client'], limit: 'write' },
    },
    (request) => jobs.close(request.actor, request.params.id),
  )
}

export const slugRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { jobs }) => {
  app.get(
    '/:slug',
    {
      schema: {
        operationId: 'getSlug',
        tags,
        summary: 'Whether a slug is free, and whose it is',
        description: 'A slug can be taken by a draft or a deleted job too, or reserved for pages of ours.',
        params: SlugParams,
        response: { 200: SlugState },
      },
      config: {
        access: 'public',
        limit: 'public',
        cached: { lifetime: 'short', tags: ({ params }) => [jobTags.slug(params.slug)] },
      },
    },
    (request) => jobs.slugState(request.params.slug),
  )
}
