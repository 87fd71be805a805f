import { Type } from 'typebox'
import { Nullable, OneOf, Strict, Text } from '../lib/schemas.ts'

const Word = Text(1, 100)
const Modes = Type.Array(Word, { maxItems: 20, description: 'The degraded modes in force' })
const Count = Type.Integer({ minimum: 0, maximum: 2_147_483_647, format: 'int32' })
const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64' })

export const Live = Strict({ status: Type.Literal('live') }, { title: 'Live', description: 'The process answers' })

export const Ready = Strict(
  {
    status: OneOf(['ready', 'degraded']),
    modes: Modes,
  },
  { title: 'Ready', description: 'Traffic can be served' },
)

export const Status = Strict(
  {
    status: OneOf(['ready', 'degraded', 'starting', 'draining', 'failing']),
    modes: Modes,
    version: Word,
    node: Word,
    deployment: Word,
    uptimeSeconds: Count,
    checks: Type.Array(
      Strict({
        name: Word,
        ok: Type.Boolean(),
        milliseconds: Count,
        problem: Type.Optional(Text(1, 500)),
      }),
      { maxItems: 20 },
    ),
    pool: Strict({ total: Count, idle: Count, waiting: Count, max: Count }),
    breakers: Type.Array(Strict({ name: Word, state: OneOf(['closed', 'half-open', 'open']), failures: Count }), {
      maxItems: 20,
      description: 'Of this process; GET /v1/admin/breakers has those of all',
    }),
    cache: Strict(
      { hits: Whole, reads: Whole, hitRatio: Nullable(Type.Number({ minimum: 0, maximum: 1, format: 'double' })) },
      { description: 'Of this process since it started' },
    ),
    queues: Type.Array(Strict({ name: Word, waiting: Count, active: Count, delayed: Count, failed: Count }), {
      maxItems: 20,
      description: 'Empty where their store does not answer',
    }),
    disk: Strict({ freeBytes: Whole, sizeBytes: Whole }),
  },
  { title: 'Status', description: 'How the service is' },
)
