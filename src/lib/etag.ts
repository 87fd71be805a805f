import { AppError } from './errors.ts'

/** The strong entity tag of a version of a resource (RFC 9110, section 8.8.3). */
export const etagOf = (version: number) => `"${version}"`

/** Whether an If-Match field names this version (RFC 9110, section 13.1.1). A weak tag never matches. */
export function matches(ifMatch: string, version: number): boolean {
  return ifMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim() === etagOf(version))
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
