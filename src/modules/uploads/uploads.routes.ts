import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { IdParams, refusals } from '../../lib/schemas.ts'
import { savedAs } from './names.ts'
import { File, Upload, UploadFields, UploadPage, UploadQuery } from './uploads.schemas.ts'
import type { UploadsService } from './uploads.service.ts'

type Options = { uploads: UploadsService }

const tags = ['uploads']

/** Under /v1/me/uploads. By itself, so that no other route takes such bodies, or so long ones. */
export const uploadingRoutes: FastifyPluginAsyncTypebox<Options & { maxBytes: number }> = async (
  app,
  { uploads, maxBytes },
) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post(
    '/',
    {
      bodyLimit: maxBytes,
      schema: {
        operationId: 'uploadFile',
        tags,
        summary: 'Upload a file',
        description:
          'Such as a résumé, to keep it here for yourself. The body is the file itself: PDF, OpenDocument text or Word (docx), which its bytes have to say, whatever its name and its Content-Type do.',
        headers: UploadFields,
        body: File,
        response: { 201: Upload, ...refusals(409) },
      },
      config: { access: 'user', limit: 'upload', idempotent: true, created: '/v1/me/uploads/:id' },
    },
    ({ actor, headers, body, once }) => {
      const bytes = body as Buffer | undefined
      const { 'content-disposition': disposition, 'content-type': declared } = headers
      return uploads.keep(actor, { bytes, disposition, declared }, once)
    },
  )
}

/** Under /v1/me/uploads. */
export const uploadsRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { uploads }) => {
  app.get(
    '/',
    {
      schema: {
        operationId: 'listUploads',
        tags,
        summary: 'Your uploads',
        description: 'The newest first.',
        querystring: UploadQuery,
        response: { 200: UploadPage },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => uploads.list(request.actor, request.query),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getUpload',
        tags,
        summary: 'One of your uploads',
        description: 'What is known of it; its content stands beneath.',
        params: IdParams,
        response: { 200: Upload, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    (request) => uploads.get(request.actor, request.params.id),
  )

  app.get(
    '/:id/content',
    {
      // Such files are compressed already.
      compress: false,
      schema: {
        operationId: 'getUploadContent',
        tags,
        summary: 'Download one of your uploads',
        description: 'As it was uploaded, to be saved: a browser neither shows nor runs it.',
        params: IdParams,
        response: { 200: { description: 'The file', ...File }, ...refusals(404) },
      },
      config: { access: 'user', limit: 'read' },
    },
    async (request, reply) => {
      const { upload, bytes } = await uploads.read(request.actor, request.params.id)
      return reply
        .headers({
          'content-disposition': savedAs(upload.name),
          'content-security-policy': "default-src 'none'; sandbox",
          'cache-control': 'private, no-store',
        })
        .type(upload.mediaType)
        .send(bytes as never)
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteUpload',
        tags,
        summary: 'Delete one of your uploads',
        description: 'For good, and nobody sees it any more. Its bytes go in a moment.',
        params: IdParams,
        response: { 204: Type.Null({ description: 'It is gone' }), ...refusals(404) },
      },
      config: { access: 'user', limit: 'write' },
    },
    async (request, reply) => {
      await uploads.remove(request.actor, request.params.id)
      return reply.code(204).send(null)
    },
  )
}
