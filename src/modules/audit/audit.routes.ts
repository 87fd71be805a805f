import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { refusals } from '../../lib/schemas.ts'
import { AuditPage, AuditQuery, Checkpoint, Verification, VerificationQuery } from './audit.schemas.ts'
import type { SealsService } from './seals.service.ts'
import type { TrailService } from './trail.service.ts'
import type { VerificationService } from './verification.service.ts'

type Options = { trail: TrailService; verification: VerificationService; seals: SealsService }

const tags = ['admin']

/** Under /v1/admin/audit. */
export const auditRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { trail, verification, seals }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listAudit',
        tags,
        summary: 'Who did what',
        description:
          'The audit trail, the newest first. What was personal of people who are erased is not there any more.',
        querystring: AuditQuery,
        response: { 200: AuditPage },
      },
      config: { access: ['support', 'admin'], limit: 'read' },
    },
    (request) => trail.list(request.actor, request.query),
  )

  // A GET, because it changes nothing and leaves no report behind: who asks again gets what is true then.
  app.get(
    '/verification',
    {
      schema: {
        operationId: 'verifyAudit',
        tags,
        summary: 'Whether the audit trail is whole',
        description:
          'Holds seals and their rows against each other: the last ones, or those from a number on. All of it: npm run audit:verify.',
        querystring: VerificationQuery,
        response: { 200: Verification },
      },
      config: { access: ['admin'], limit: 'read' },
    },
    ({ query: { since, seals: limit } }) =>
      since ? verification.verify({ since, limit }) : verification.verifyLatest(limit),
  )

  app.get(
    '/checkpoint',
    {
      schema: {
        operationId: 'getAuditCheckpoint',
        tags,
        summary: 'The latest seal, signed',
        description:
          'Keep it where nobody of the database can reach it: it shows later whether the trail was written anew.',
        response: { 200: Checkpoint, ...refusals(404) },
      },
      config: { access: ['admin'], limit: 'read' },
    },
    () => seals.checkpoint(),
  )
}
