import { STATUS_CODES } from 'node:http'
import { type Static, type TSchema, Type } from 'typebox'

/** Text that PostgreSQL can hold: it has no null character. */
export const Text = (minLength: number, maxLength: number, options = {}) =>
  Type.String({ minLength, maxLength, pattern: '^[^\\u0000]*$', ...options })

/** One of a few words. It carries its type, which Type.Enum leaves out, for the readers and linters of the document. */
export const OneOf = <T extends string[]>(words: readonly [...T], options = {}) =>
  Type.Enum(words, { type: 'string', ...options })

export const Nullable = <T extends TSchema>(schema: T, options = {}) => Type.Union([schema, Type.Null()], options)

export const Id = (description: string) =>
  Type.String({ format: 'uuid', maxLength: 36, description, examples: ['0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'] })
export const Uuid = Id('UUIDv7')
export const Instant = Type.String({
  format: 'date-time',
  maxLength: 30,
  description: 'RFC 3339, UTC',
  examples: ['2026-01-31T09:30:00.000Z'],
})
export const Slug = Type.String({
  minLength: 3,
  maxLength: 100,
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  description: 'Small letters, digits and single dashes, for URLs',
  examples: ['fix-the-harbour-crane'],
})

export const Strict = <T extends Record<string, TSchema>>(properties: T, options = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** What a route takes that declares no query. */
export const NoQuery = Strict({})
/** What a route takes that declares no body: none, or an empty object, which clients send that always send one. */
export const NoBody = Type.Unsafe<undefined>({ type: ['null', 'object'], additionalProperties: false })

export const Currency = OneOf(['EUR', 'USD', 'GBP', 'CHF', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'JPY'], {
  description: 'ISO 4217',
})
export type Currency = Static<typeof Currency>

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
    currency: Currency,
  },
  { title: 'Money', description: 'Integer minor units and an ISO 4217 currency' },
)
export type Money = Static<typeof Money>

export const IdParams = Strict({ id: Uuid })
export type IdParams = Static<typeof IdParams>

/** Its absence is told apart from its malformation by plugins/idempotency.ts. */
export const IdempotencyKey = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 257,
      pattern: '^[\\x20-\\x7e]+$',
      description: 'New for each new request, the same when one is repeated; kept for 24 hours. Required',
      examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    }),
  ),
})

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

/** Of any read. */
export const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({
      maxLength: 4000,
      pattern: '^[\\x20-\\x7e]*$',
      description:
        'The ETag of an answer that you have, or several: while it is still the same you get 304 and no body',
      examples: ['"1"'],
    }),
  ),
})
export const NotModified = Type.Null({ description: 'What you have is still the same' })

const Cursor = (description: string) =>
  Type.String({ minLength: 1, maxLength: 500, pattern: '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$', description })

export const PageQuery = {
  limit: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 20,
    format: 'int32',
    description: 'Most entries of a page',
  }),
  cursor: Type.Optional(Cursor('The page.next of the page before')),
}

export const PageOf = <T extends TSchema>(item: T, options = {}) =>
  Strict(
    {
      data: Type.Array(item, { maxItems: 100 }),
      page: Strict({ next: Nullable(Cursor('The cursor of the next page, null on the last')) }),
    },
    options,
  )

const RequestId = Type.String({
  maxLength: 64,
  pattern: '^[A-Za-z0-9._-]{8,64}$',
  description: 'Names this request in our logs: quote it when you ask about it',
  examples: ['5f0c6f0e-8a11-4c3e-9b60-2f1f6f0c8a11'],
})

export const Version = Type.Integer({
  minimum: 1,
  maximum: 2_147_483_647,
  format: 'int32',
  description: 'Counts the changes; the ETag is this number in quotes',
})

const FieldFault = Strict(
  {
    path: Text(1, 300, { description: 'JSON Pointer (RFC 6901) to it', examples: ['/body/title'] }),
    message: Text(1, 300, { examples: ['is missing'] }),
  },
  { title: 'FieldFault', description: 'What is wrong with one part of the request' },
)

/** RFC 9457, with the members that every answer of ours adds. */
const Problem = Strict(
  {
    type: Type.String({
      maxLength: 200,
      pattern: '^urn:problem-type:seaworthy:[a-z0-9-]+$',
      description: 'The code as a URN: what to tell problems apart by',
      examples: ['urn:problem-type:seaworthy:job-not-found'],
    }),
    title: Text(1, 100, { description: 'The name of the status', examples: ['Not Found'] }),
    status: Type.Integer({ minimum: 400, maximum: 599, format: 'int32', examples: [404] }),
    detail: Text(1, 1000, {
      description: 'For people: it may change',
      examples: ['No job that you may see has this id'],
    }),
    instance: Text(0, 2000, { description: 'The path and query that were asked for', examples: ['/v1/jobs/x'] }),
    code: Type.String({ maxLength: 60, pattern: '^[A-Z0-9_]+$', examples: ['JOB_NOT_FOUND'] }),
    requestId: RequestId,
    errors: Type.Optional(Type.Array(FieldFault, { maxItems: 50 })),
  },
  { title: 'Problem', description: 'Why a request was refused (RFC 9457)' },
)

/** Fields of answers, by name, that plugins/openapi.ts puts where the plugins send them. */
export const answerFields = {
  'X-Request-Id': RequestId,
  ETag: Type.String({
    maxLength: 100,
    pattern: '^(W/)?"[!#-~]*"$',
    description:
      'Names what was answered: send it back as If-None-Match to get 304 while it is the same, and, where it is no weak one (W/), as If-Match of a change',
    examples: ['"1"'],
  }),
  RateLimit: Type.String({
    maxLength: 100,
    pattern: '^"[a-z]+";r=[0-9]+;t=[0-9]+$',
    description: 'What is left of the limit, and the seconds until all of it is free again',
    examples: ['"public";r=99;t=105'],
  }),
  'RateLimit-Policy': Type.String({
    maxLength: 100,
    pattern: '^"[a-z]+";q=[0-9]+;w=[0-9]+$',
    description: 'The limit that holds for the caller: calls, and the seconds that they are for',
    examples: ['"public";q=100;w=60'],
  }),
  'Cache-Status': Type.String({
    maxLength: 200,
    pattern: '^Seaworthy; (hit|fwd=)[ -~]*$',
    description: 'Whether it was cached (RFC 9211): a negative ttl means that it is served stale',
    examples: ['Seaworthy; hit; ttl=42'],
  }),
  Deprecation: Type.String({
    maxLength: 20,
    pattern: '^@[0-9]+$',
    description: 'Since when clients are asked to leave this operation (RFC 9745)',
    examples: ['@1795046400'],
  }),
  Sunset: Type.String({
    maxLength: 29,
    pattern: '^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT$',
    description: 'When it ends (RFC 8594)',
    examples: ['Fri, 31 Dec 2027 23:59:59 GMT'],
  }),
  Link: Type.String({
    maxLength: 200,
    pattern: '^</[!-~]*>; rel="successor-version"$',
    description: 'What to call instead',
    examples: ['</health/live>; rel="successor-version"'],
  }),
  Location: Type.String({
    format: 'uri-reference',
    maxLength: 200,
    description: 'Where what was made can be read',
    examples: ['/v1/me'],
  }),
  'Retry-After': Type.Integer({
    minimum: 0,
    maximum: 86_400,
    format: 'int32',
    description: 'Seconds to wait before the next try',
    examples: [1],
  }),
}

/** Response schemas of the refusals that a route makes itself; those of the controls are added to every route at boot. */
export function refusals(...statuses: number[]): Record<number, object> {
  const content = { 'application/problem+json': { schema: Problem } }
  return Object.fromEntries(statuses.map((status) => [status, { description: STATUS_CODES[status], content }]))
}
