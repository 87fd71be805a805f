import { type Static, Type } from 'typebox'
import { Id, Instant, Nullable, OneOf, Slug, Strict, Text } from '../../lib/schemas.ts'

const Name = Text(1, 60, { description: 'The outside dependency', examples: ['payments'] })

const ProcessBreaker = Strict(
  {
    name: Name,
    process: Id('Of the process, as long as it runs'),
    service: Text(1, 100, { description: 'What the process is', examples: ['seaworthy-api'] }),
    host: Text(1, 255, { description: 'Where it runs' }),
    state: OneOf(['closed', 'half-open', 'open'], { description: 'half-open: the next call is the trial' }),
    failures: Type.Integer({ minimum: 0, maximum: 2_147_483_647, format: 'int32', description: 'In a row' }),
    openedAt: Nullable(Instant),
    seenAt: Instant,
  },
  { title: 'ProcessBreaker', description: 'One breaker of one process, as it last said' },
)

/** Five of each process: more than 200 processes are not shown. */
export const ProcessBreakers = Strict(
  { data: Type.Array(ProcessBreaker, { maxItems: 1000 }) },
  { title: 'ProcessBreakers', description: 'The breakers of all processes that run' },
)
export type ProcessBreakers = Static<typeof ProcessBreakers>

/** A name that no breaker has is 404. */
export const BreakerParams = Strict({ name: Slug })

export const BreakerReset = Strict(
  { name: Name, resetBy: Id('Who reset it last'), resetAt: Instant },
  { title: 'BreakerReset', description: 'That a breaker was reset, everywhere' },
)
export type BreakerReset = Static<typeof BreakerReset>
