import { AppError } from '../../lib/errors.ts'
import { endings } from './uploads.schemas.ts'

export const uploadEmpty = () => new AppError(400, 'UPLOAD_EMPTY', 'Send the file itself as the body: it is empty')

export const nameMalformed = () =>
  new AppError(
    400,
    'FILE_NAME_MALFORMED',
    `Name the file as RFC 6266 does: Content-Disposition: attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf, or leave this field out`,
  )

export const typeUnsupported = () =>
  new AppError(
    415,
    'UPLOAD_TYPE_UNSUPPORTED',
    `By its bytes the file is none of ${Object.values(endings).join(', ')}: nothing else is taken`,
  )

export const typeContradicted = (found: string) =>
  new AppError(
    415,
    'UPLOAD_TYPE_CONTRADICTED',
    `By its bytes the file is ${found}: send it with this Content-Type, or with none`,
  )

export const uploadsFull = (most: number) =>
  new AppError(409, 'UPLOADS_FULL', `You have ${most} uploads, which is as many as one may have: delete one first`)

export const uploadNotFound = (id: string) =>
  new AppError(404, 'UPLOAD_NOT_FOUND', `You have no upload with the id ${id}`)

export const uploadUnderWay = () =>
  new AppError(
    409,
    'IDEMPOTENCY_KEY_IN_USE',
    'An earlier request with this Idempotency-Key is still at work: send the same again in a moment',
    { headers: { 'retry-after': '5' } },
  )

/** Its bytes are gone although nobody removed them. */
export const uploadLost = () =>
  new AppError(
    500,
    'UPLOAD_LOST',
    'The content of this upload is no longer there. Quote the requestId when you report it',
  )

export const storeAway = (cause: unknown) =>
  new AppError(503, 'UPLOADS_UNAVAILABLE', 'Where uploads are kept is out of reach for the moment. Try again', {
    headers: { 'retry-after': '5' },
    cause,
  })

export const accountGone = () =>
  new AppError(401, 'ACCOUNT_GONE', 'The account of this token is no longer there', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
