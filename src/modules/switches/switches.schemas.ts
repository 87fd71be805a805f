import { type Static, Type } from 'typebox'
import { Id, Instant, Nullable, OneOf, Slug, Strict, Text } from '../../lib/schemas.ts'

const Reason = Text(1, 500, { description: 'For the next operator', examples: ['Moving the database'] })

export const Switch = Strict(
  {
    name: OneOf(['read-only', 'cache-off'], { description: 'The degraded mode that it switches on' }),
    isOn: Type.Boolean(),
    reason: Nullable(Reason),
    changedBy: Nullable(Id('Who turned it last')),
    changedAt: Nullable(Instant),
  },
  { title: 'Switch', description: 'What an operator can switch on' },
)
export type Switch = Static<typeof Switch>

export const Switches = Strict(
  { data: Type.Array(Switch, { maxItems: 10 }) },
  { title: 'Switches', description: 'All switches' },
)
export type Switches = Static<typeof Switches>

/** A name that no switch has is 404, as any other object that there is not. */
export const SwitchParams = Strict({ name: Slug })

export const TurnOn = Strict({ reason: Reason }, { title: 'TurnOn', description: 'Why it is switched on' })
export type TurnOn = Static<typeof TurnOn>
