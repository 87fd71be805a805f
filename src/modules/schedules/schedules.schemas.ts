import { type Static, Type } from 'typebox'
import { Instant, Nullable, Strict, Text } from '../../lib/schemas.ts'

export const ScheduleState = Strict(
  {
    name: Type.String({
      maxLength: 60,
      pattern: '^[a-z]+(-[a-z]+)*$',
      description: 'What is done',
      examples: ['purge'],
    }),
    cron: Text(9, 100, { description: 'When, in UTC', examples: ['17 3 * * *'] }),
    knownSince: Instant,
    isOverdue: Type.Boolean({ description: 'It was due twice since it was last done: nobody does it any more' }),
    lastDueAt: Nullable(Instant, { description: 'The newest time that a worker took up' }),
    lastFinishedAt: Nullable(Instant, { description: 'When it was last done' }),
    tries: Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      format: 'int32',
      description: 'How often that newest time was tried',
      examples: [1],
    }),
    error: Nullable(Text(1, 500, { description: 'Why its newest try failed' })),
    result: Nullable(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z][A-Za-z-]*$', maxLength: 60 }),
        Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64' }),
        { maxProperties: 50, description: 'What was done, in numbers' },
      ),
    ),
  },
  { title: 'ScheduleState', description: 'Something that is done at fixed times' },
)
export type ScheduleState = Static<typeof ScheduleState>

export const ScheduleList = Strict(
  { data: Type.Array(ScheduleState, { maxItems: 50 }) },
  { title: 'ScheduleList', description: 'All that is done at fixed times' },
)
export type ScheduleList = Static<typeof ScheduleList>
