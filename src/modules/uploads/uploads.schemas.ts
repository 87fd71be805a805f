import { type Static, Type } from 'typebox'
import { IdempotencyKey, Instant, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

/** What is taken, and what its files end with. Each can be told by its bytes, which plain text can't. */
export const endings = {
  'application/pdf': 'pdf',
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
} as const
export type MediaType = keyof typeof endings
export const mediaTypes = Object.keys(endings) as MediaType[]

/** Characters of a name. */
export const longestName = 200

export const Upload = Strict(
  {
    id: Uuid,
    name: Text(1, longestName, {
      description: 'As its owner calls it; the service itself goes by its id',
      examples: ['Ada Lovelace.pdf'],
    }),
    mediaType: OneOf(mediaTypes, { description: 'By its bytes' }),
    size: Type.Integer({ minimum: 1, maximum: 20_971_520, format: 'int32', description: 'Bytes' }),
    createdAt: Instant,
  },
  { title: 'Upload', description: 'A file that its owner keeps here' },
)
export type Upload = Static<typeof Upload>

export const UploadFields = Type.Object({
  ...IdempotencyKey.properties,
  'content-disposition': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1000,
      pattern: '^[^\\u0000]*$',
      description: 'Names the file (RFC 6266); in other than ASCII by filename* (RFC 8187)',
      examples: ["attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"],
    }),
  ),
})

/** Its bytes are looked at by the service. */
export const File = {
  content: Object.fromEntries(
    mediaTypes.map((type) => [
      type,
      { schema: Type.Unsafe<Buffer>({ contentMediaType: type, description: 'The file itself' }) },
    ]),
  ),
}

export const UploadQuery = Strict(PageQuery)
export type UploadQuery = Static<typeof UploadQuery>

export const UploadPage = PageOf(Upload, { title: 'UploadPage', description: 'A page of uploads' })
