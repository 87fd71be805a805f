// The part of routes-table.ts about the files that people keep.
import { randomUUID } from 'node:crypto'
import { pdf } from '../../tools/sample-files.ts'
import type { Operation } from './operation.ts'

const newFile = () => ({
  raw: pdf(randomUUID()).toString(),
  headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="cv.pdf"' },
})

export const uploadOperations: readonly Operation[] = [
  { id: 'uploadFile', method: 'POST', path: '/v1/me/uploads', who: 'user', idempotent: true, file: newFile },
  { id: 'listUploads', method: 'GET', path: '/v1/me/uploads', who: 'user' },
  { id: 'getUpload', method: 'GET', path: '/v1/me/uploads/:id', who: 'user' },
  { id: 'getUploadContent', method: 'GET', path: '/v1/me/uploads/:id/content', who: 'user' },
  { id: 'deleteUpload', method: 'DELETE', path: '/v1/me/uploads/:id', who: 'user' },
]
