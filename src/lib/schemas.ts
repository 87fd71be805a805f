import { STATUS_CODES } from 'node:http'
import { type Static, type TSchema, Type } from 'typebox'

/** Text that PostgreSQL can hold: it has no null character. */
export const Text = (minLength: number, maxLength: number, options = {}) =>
  Type.String({ minLength, maxLength, pattern: '^[^\\u0000]*$', ...options })

export const Uuid = Type.String({ format: 'uuid', maxLength: 36, examples: ['0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'] })
export const Instant = Type.String({ format: 'date-time', maxLength: 30, description: 'RFC 3339, UTC' })
export const Slug = Type.String({
  minLength: 3,
  maxLength: 100,
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  examples: ['fix-the-harbour-crane'],
})

export const Strict = <T extends Record<string, TSchema>>(properties: T, options = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** Integer minor units (cents) and an ISO 4217 code. */
export const Money = Strict(
  {
    amount: Type.Integer({
      minimum: 1,
      maximum: 1_000_000_000_000,
      format: 'int64',
      description: 'Minor units',
      examples: [125_000],
    }),
    currency: Type.Enum(['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'JPY'], {
      description: 'ISO 4217',
    }),
  },
  { description: 'Integer minor units and an ISO 4217 currency' },
)
export type Money = Static<typeof Money>

export const IdParams = Strict({ id: Uuid })
export type IdParams = Static<typeof IdParams>

/** Not required by schema: its absence is 428, not 400. */
export const IfMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      maxLength: 200,
      pattern: '^[\\x20-\\x7e]*$',
      description: 'The ETag of the version that you saw',
      examples: ['"1"'],
    }),
  ),
})

export const PageQuery = {
  limit: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 20,
    format: 'int32',
    description: 'Most entries of a page',
  }),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$',
      description: 'The page.next of the page before',
    }),
  ),
}

export const PageOf = <T extends TSchema>(item: T) =>
  Strict({
    data: Type.Array(item, { maxItems: 100 }),
    page: Strict({
      next: Type.Union([Type.String({ maxLength: 500 }), Type.Null()], {
        description: 'The cursor of the next page, null on the last',
      }),
    }),
  })

export const Version = Type.Integer({
  minimum: 1,
  maximum: 2_147_483_647,
  format: 'int32',
  description: 'Counts the changes; the ETag is this number in quotes',
})

/** RFC 9457, with the members that every answer of ours adds. */
export const Problem = Strict(
  {
    type: Type.String({ maxLength: 200, description: 'urn:problem-type:seaworthy: and the code in small letters' }),
    title: Type.String({ maxLength: 100 }),
    status: Type.Integer({ minimum: 400, maximum: 599, format: 'int32' }),
    detail: Type.String({ maxLength: 1000 }),
    instance: Type.String({ maxLength: 2100 }),
    code: Type.String({ maxLength: 60, pattern: '^[A-Z0-9_]+$' }),
    requestId: Type.String({ maxLength: 64 }),
    errors: Type.Optional(
      Type.Array(Strict({ path: Type.String({ maxLength: 300 }), message: Type.String({ maxLength: 300 }) }), {
        maxItems: 50,
      }),
    ),
  },
  { title: 'Problem', description: 'Why a request was refused (RFC 9457)' },
)

/** Response schemas of the refusals that a route makes itself; those of the controls are added to every route at boot. */
export function refusals(...statuses: number[]): Record<number, object> {
  const content = { 'application/problem+json': { schema: Problem } }
  return Object.fromEntries(statuses.map((status) => [status, { description: STATUS_CODES[status], content }]))
}
