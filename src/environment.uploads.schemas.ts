// The variables of the files that people upload.
import { Type } from 'typebox'
import { milliseconds, succeeds } from './environment.kit.schemas.ts'
import { placeOf } from './lib/objects.ts'

export const uploads = {
  UPLOADS_URL: Type.Refine(
    Type.String({
      pattern: '^(file:|s3://)[^\\s]+$',
      maxLength: 1000,
      should: 'file:FOLDER, or s3://BUCKET/PREFIX?region=…&endpoint=…',
      default: 'file:./.local/uploads',
      description: 'Where uploads are kept: a folder, or a bucket that speaks S3, which more than one machine needs',
    }),
    (text) => succeeds(() => placeOf(text)),
  ),
  UPLOADS_TIMEOUT_MS: milliseconds(10_000, 'Longest a call to where uploads are kept may take', 100),
  UPLOAD_MAX_BYTES: Type.Integer({
    minimum: 1024,
    maximum: 20_971_520,
    default: 5_242_880,
    description: 'Largest upload; the edge has a limit of its own (nginx/site.conf)',
  }),
  UPLOADS_PER_USER: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 10,
    description: 'Uploads that one person may have at a time',
  }),
}
