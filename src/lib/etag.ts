import { hash } from 'node:crypto'
import { AppError } from './errors.ts'

/** What answers may be compressed by, the preferred first. */
export const codings = ['br', 'zstd', 'gzip']

/** The strong entity tag of a version of a resource (RFC 9110, section 8.8.3). */
export const etagOf = (version: number) => `"${version}"`

/** The weak entity tag of an answer without a version. Base64 has no dash, so that none looks like one with a coding. */
export const weakEtagOf = (payload: string | Buffer) => `W/"${hash('sha256', payload, 'base64').slice(0, 22)}"`

/** The strong tag of the same answer after compression, which has other bytes (RFC 9110, section 8.8.3.3). */
export const etagOfCoding = (etag: string, coding: string) => etag.replace(/"$/, `-${coding}"`)

/** The tags of a field as they are before compression. */
export const withoutCoding = (tags: string) => tags.replace(/-(?:br|zstd|gzip)"/g, '"')

/** Whether an If-Match field names this version (RFC 9110, section 13.1.1). A weak tag never matches. */
export function matches(ifMatch: string, version: number): boolean {
  return withoutCoding(ifMatch)
    .split(',')
    .some((tag) => tag.trim() === '*' || tag.trim() === etagOf(version))
}

export const versionRequired = () =>
  new AppError(
    428,
    'IF_MATCH_REQUIRED',
    'Send the ETag of the version that you saw as If-Match, so that no other change is overwritten',
  )

export const versionDiffers = (current: number) =>
  new AppError(412, 'VERSION_DIFFERS', 'It was changed since you read it: read it again, then repeat your change', {
    headers: { etag: etagOf(current) },
  })
