// What a route answers that accepts work for later (202): the same for all of them, and for GET /v1/operations/:id.
import { type Static, Type } from 'typebox'
import { Instant, Nullable, OneOf, Strict, Text, Uuid } from './schemas.ts'

const Result = Strict(
  {
    href: Type.String({
      format: 'uri-reference',
      maxLength: 200,
      description: 'Where what was made can be read',
      examples: ['/v1/me/data-exports/0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'],
    }),
  },
  { title: 'OperationResult', description: 'What an operation led to' },
)
export type OperationResult = Static<typeof Result>

export const Operation = Strict(
  {
    id: Uuid,
    kind: Type.String({
      maxLength: 60,
      pattern: '^[a-z]+(-[a-z]+)*$',
      description: 'What is done',
      examples: ['data-export'],
    }),
    status: OneOf(['pending', 'running', 'succeeded', 'failed'], {
      description: 'How far it is; the last two are for good',
    }),
    result: Nullable(Result),
    error: Nullable(Text(1, 500, { description: 'Why it failed, for people' })),
    createdAt: Instant,
    finishedAt: Nullable(Instant),
    expiresAt: Instant,
  },
  { title: 'Operation', description: 'What was accepted, and is done later' },
)
export type Operation = Static<typeof Operation>
