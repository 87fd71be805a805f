import { type Static, type TSchema, Type } from 'typebox'
import { roles } from '../../lib/actor.ts'
import { Id, Instant, Nullable, OneOf, Strict, Text, Uuid } from '../../lib/schemas.ts'

/** Most entries of one kind in an export: what is beyond is left out, and said to be. */
export const mostEntries = 10_000
/** Most details of an account. */
export const mostDetails = 100

const Section = <T extends TSchema>(entry: T, description: string) =>
  Strict(
    {
      isComplete: Type.Boolean({ description: `False when there are more than fit: ask us for the rest` }),
      entries: Type.Array(entry, { maxItems: mostEntries }),
    },
    { description },
  )

const Amount = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, format: 'int64', description: 'Minor units' })
const Currency = Text(3, 3, { description: 'ISO 4217', examples: ['EUR'] })
const Word = Text(1, 60, { description: 'One of a few words' })

const Account = Strict({
  id: Uuid,
  email: Type.String({ format: 'email', maxLength: 254 }),
  name: Text(1, 100),
  role: OneOf(roles),
  tier: Word,
  createdAt: Instant,
  updatedAt: Instant,
  emailVerifiedAt: Nullable(Instant),
  blockedAt: Nullable(Instant),
  secondFactorSince: Nullable(Instant),
  elsewhere: Type.Array(Strict({ issuer: Text(1, 500), subject: Text(1, 255), createdAt: Instant }), {
    maxItems: mostDetails,
    description: 'Who you are at other issuers',
  }),
  emailChanges: Type.Array(
    Strict({ newEmail: Nullable(Text(0, 254)), oldEmail: Nullable(Text(0, 254)), createdAt: Instant }),
    { maxItems: mostDetails, description: 'The latest changes of your address that are still kept' },
  ),
})

export const DataExport = Strict(
  {
    madeAt: Instant,
    account: Account,
    sessions: Section(
      Strict({
        id: Uuid,
        userAgent: Text(0, 200),
        createdAt: Instant,
        lastUsedAt: Instant,
        endedAt: Nullable(Instant),
        endedBecause: Nullable(Text(0, 200)),
      }),
      'Your sign-ins, as long as they are kept',
    ),
    jobs: Section(
      Strict({
        id: Uuid,
        slug: Text(3, 100),
        title: Text(3, 160),
        description: Text(1, 10_000),
        category: Word,
        skills: Type.Array(Text(0, 100), { maxItems: 20 }),
        budgetAmount: Amount,
        budgetCurrency: Currency,
        status: Word,
        createdAt: Instant,
        updatedAt: Instant,
        publishedAt: Nullable(Instant),
        closedAt: Nullable(Instant),
        deletedAt: Nullable(Instant),
      }),
      'The jobs that you posted, deleted ones too',
    ),
    applications: Section(
      Strict({
        id: Uuid,
        jobId: Id('The job that it is for'),
        coverLetter: Text(0, 5000),
        status: Word,
        createdAt: Instant,
        updatedAt: Instant,
      }),
      'Your applications',
    ),
    contracts: Section(
      Strict({
        id: Uuid,
        jobId: Id('The job that it is about'),
        applicationId: Id('The application that was accepted'),
        clientId: Id('Who pays'),
        workerId: Id('Who works'),
        amount: Amount,
        currency: Currency,
        status: Word,
        createdAt: Instant,
        endedAt: Nullable(Instant),
        disputedBy: Nullable(Id('Who disputed it')),
        disputeReason: Nullable(Text(0, 2000)),
      }),
      'The contracts that you are a party of',
    ),
    payments: Section(
      Strict({
        id: Uuid,
        kind: Word,
        contractId: Nullable(Id('The contract that it is for')),
        amount: Amount,
        currency: Currency,
        method: Nullable(Text(1, 100)),
        status: Word,
        failure: Nullable(Text(1, 200)),
        createdAt: Instant,
        finishedAt: Nullable(Instant),
      }),
      'What the payment provider moved for you',
    ),
    balances: Section(
      Strict({ id: Uuid, kind: Word, currency: Currency, posted: Amount, reserved: Amount, createdAt: Instant }),
      'What you have',
    ),
    transfers: Section(
      Strict({
        id: Uuid,
        phase: Word,
        kind: Word,
        contractId: Nullable(Id('The contract that it is about')),
        currency: Currency,
        amount: Type.Integer({
          minimum: -1e13,
          maximum: 1e13,
          format: 'int64',
          description: 'Minor units, to you or from you',
        }),
        createdAt: Instant,
      }),
      'Money that moved to you or from you, was to move (pending), or did not in the end (voided)',
    ),
    reviews: Section(
      Strict({
        id: Uuid,
        contractId: Id('The contract that it is about'),
        authorId: Id('Who wrote it'),
        subjectId: Id('Whom it is about'),
        rating: Type.Integer({ minimum: 1, maximum: 5, format: 'int32' }),
        text: Text(1, 2000),
        createdAt: Instant,
      }),
      'What you wrote of others, and what others wrote of you, as far as it can be seen',
    ),
    notifications: Section(
      Strict({ id: Uuid, kind: Word, text: Text(0, 1000), createdAt: Instant, readAt: Nullable(Instant) }),
      'What you were told',
    ),
    uploads: Section(
      Strict({
        id: Uuid,
        name: Text(1, 200),
        mediaType: Text(1, 100),
        size: Type.Integer({ minimum: 1, maximum: 20_971_520, format: 'int32', description: 'Bytes' }),
        createdAt: Instant,
      }),
      'The files that you keep here: fetch each by GET /v1/me/uploads/ID/content',
    ),
    actions: Section(
      Strict({
        id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, format: 'int64' }),
        at: Instant,
        action: Text(1, 100),
        objectType: Text(1, 100),
        objectId: Id('What it was done to'),
      }),
      'What the audit trail says that you did',
    ),
  },
  { title: 'DataExport', description: 'All that is kept about a person' },
)
export type DataExport = Static<typeof DataExport>
