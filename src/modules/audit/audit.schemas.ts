import { type Static, Type } from 'typebox'
import { roles } from '../../lib/actor.ts'
import { Id, Instant, Nullable, OneOf, PageOf, PageQuery, Strict, Text } from '../../lib/schemas.ts'

const Count = (minimum: number, description: string) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description, examples: [42] })
const Json = (when: string) =>
  Nullable(Text(1, 100_000, { description: `The value ${when}, as JSON`, examples: ['"open"'] }))
const ObjectType = Type.String({
  maxLength: 40,
  pattern: '^[a-z][a-z-]*$',
  description: 'What it was done to',
  examples: ['job'],
})

const Difference = Strict(
  {
    field: Text(1, 100, { description: 'Its name', examples: ['status'] }),
    before: Json('before'),
    after: Json('after'),
    isPersonal: Type.Boolean({ description: 'Kept under the key of the person whose data it is' }),
  },
  { title: 'Difference', description: 'A field that changed' },
)

const AuditEntry = Strict(
  {
    id: Count(1, 'Ids rise; some are never given'),
    at: Instant,
    actorId: Nullable(Id('Who did it')),
    actorRole: Nullable(OneOf(roles, { description: 'In which role' })),
    action: Type.String({
      maxLength: 80,
      pattern: '^[a-z-]+[.][a-z.-]+$',
      description: 'What was done',
      examples: ['job.published'],
    }),
    objectType: ObjectType,
    objectId: Id('The object that it was done to'),
    requestId: Nullable(Text(1, 64, { description: 'The request that did it' })),
    addressHash: Nullable(Text(1, 100, { description: 'Tells addresses apart without naming them' })),
    personId: Nullable(Id('Whose personal data it holds')),
    isForgotten: Type.Boolean({
      description: 'What was personal can be read by nobody any more: that person is erased',
    }),
    changes: Type.Array(Difference, { maxItems: 100 }),
  },
  { title: 'AuditEntry', description: 'One row of the audit trail' },
)
export type AuditEntry = Static<typeof AuditEntry>

export const AuditQuery = Strict({
  ...PageQuery,
  objectType: Type.Optional(ObjectType),
  objectId: Type.Optional(Id('Only what was done to it')),
  actorId: Type.Optional(Id('Only what they did')),
})
export type AuditQuery = Static<typeof AuditQuery>

export const AuditPage = PageOf(AuditEntry, { title: 'AuditPage', description: 'A page of the audit trail' })

const Finding = Strict(
  {
    kind: OneOf(
      ['row-edited', 'row-deleted', 'row-reordered', 'row-inserted', 'seal-forged', 'seal-missing', 'checkpoint-lost'],
      { description: 'What is not as it was sealed' },
    ),
    seal: Nullable(Count(0, 'The number of the seal')),
    row: Nullable(Count(0, 'The id of the row')),
    detail: Text(1, 300, {
      description: 'For people',
      examples: ['Row 42 says something else than when it was sealed'],
    }),
  },
  { title: 'Finding', description: 'A part of the audit trail that somebody tampered with' },
)
export type Finding = Static<typeof Finding>

export const Verification = Strict(
  {
    isSound: Type.Boolean({ description: 'Nothing was found' }),
    seals: Count(0, 'Seals that were looked at'),
    firstSeal: Nullable(Count(1, 'The number of the first one')),
    lastSeal: Nullable(Count(1, 'The number of the last one')),
    rows: Count(0, 'Rows that they hold'),
    unsealed: Count(0, 'Rows that wait to be sealed, which takes a second or two: nothing can be said of them'),
    found: Count(0, 'How many findings there are'),
    findings: Type.Array(Finding, { maxItems: 100, description: 'The first of them' }),
  },
  { title: 'Verification', description: 'What a look at the audit trail found' },
)
export type Verification = Static<typeof Verification>

export const VerificationQuery = Strict({
  since: Type.Optional(Count(1, 'The first seal to look at; without it the last ones')),
  seals: Type.Integer({
    minimum: 1,
    maximum: 200,
    default: 100,
    format: 'int32',
    description: 'Most seals to look at',
  }),
})
export type VerificationQuery = Static<typeof VerificationQuery>

const base64 = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[A-Za-z0-9+/=_-]+$', description })

export const Checkpoint = Strict(
  {
    seal: Count(1, 'The number of the seal'),
    signed: Text(2, 100_000, { description: 'What is signed, byte for byte' }),
    signature: base64(100, 'Ed25519 (RFC 8032), as base64'),
    keyId: base64(40, 'Names the key'),
    publicKey: Text(1, 500, { description: 'The public key in PEM' }),
  },
  {
    title: 'Checkpoint',
    description: 'A signed seal: who keeps it elsewhere can tell later whether the trail still holds it',
  },
)
export type Checkpoint = Static<typeof Checkpoint>
