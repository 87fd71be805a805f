import { type Static, Type } from 'typebox'
import { Instant, Nullable, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

const Kind = Type.String({
  maxLength: 80,
  pattern: '^[a-z.-]+$',
  description: 'What happened',
  examples: ['mail.requested'],
})

/** Without its payload, which may hold titles that people wrote: what it is about says where to look. */
export const DeadLetter = Strict(
  {
    id: Uuid,
    kind: Kind,
    aggregate: Text(1, 200, { description: 'What it is about', examples: ['application:0199f2c4-7d1a-7c3e-9b60'] }),
    requestId: Nullable(Text(1, 64, { description: 'The request that it came from' })),
    createdAt: Instant,
    deadAt: Type.String({ format: 'date-time', maxLength: 30, description: 'When it was given up' }),
    error: Text(0, 2000, { description: 'Why, at the last try; addresses are left out' }),
  },
  { title: 'DeadLetter', description: 'An event that could not be told' },
)
export type DeadLetter = Static<typeof DeadLetter>

export const DeadLetterQuery = Strict({ ...PageQuery, kind: Type.Optional(Kind) })
export type DeadLetterQuery = Static<typeof DeadLetterQuery>

export const DeadLetterPage = PageOf(DeadLetter, { title: 'DeadLetterPage', description: 'A page of dead letters' })

/** Most that one call puts back: the queue takes them on at once. */
export const mostRedriven = 100

export const Redrive = Strict(
  {
    kind: Type.Optional(Kind),
    limit: Type.Integer({
      minimum: 1,
      maximum: mostRedriven,
      format: 'int32',
      description: 'At most so many, the oldest first',
      examples: [10],
    }),
  },
  { title: 'Redrive', description: 'Which dead letters to put back' },
)
export type Redrive = Static<typeof Redrive>

export const Redriven = Strict(
  { data: Type.Array(Strict({ id: Uuid, kind: Kind }), { maxItems: mostRedriven }) },
  { title: 'Redriven', description: 'What will be told again' },
)
export type Redriven = Static<typeof Redriven>
