import { Type } from 'typebox'
import { Strict } from '../lib/schemas.ts'

const Word = Type.String({ maxLength: 100 })
const Count = Type.Integer({ minimum: 0, maximum: 2_147_483_647, format: 'int32' })

export const Live = Strict({ status: Type.Literal('live') }, { title: 'Live' })

export const Ready = Strict(
  {
    status: Type.Enum(['ready', 'degraded']),
    modes: Type.Array(Word, { maxItems: 20, description: 'The degraded modes in force' }),
  },
  { title: 'Ready' },
)

export const Status = Strict(
  {
    status: Type.Enum(['ready', 'degraded', 'starting', 'draining', 'failing']),
    version: Word,
    node: Word,
    deployment: Word,
    uptimeSeconds: Count,
    checks: Type.Array(
      Strict({
        name: Word,
        ok: Type.Boolean(),
        milliseconds: Count,
        problem: Type.Optional(Type.String({ maxLength: 500 })),
      }),
      { maxItems: 20 },
    ),
    pool: Strict({ total: Count, idle: Count, waiting: Count, max: Count }),
  },
  { title: 'Status' },
)
