import { type Static, Type } from 'typebox'
import { roles } from '../../lib/actor.ts'
import { Id, Instant, Nullable, OneOf, Slug, Strict, Text } from '../../lib/schemas.ts'
import { names } from './declared.ts'

const FlagName = OneOf(names, { description: 'What the code asks about' })
const Variant = Type.String({
  minLength: 1,
  maxLength: 40,
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  description: 'One of the variants of the flag',
  examples: ['on'],
})
const Share = Strict(
  { variant: Variant, percent: Type.Integer({ minimum: 0, maximum: 100, format: 'int32', examples: [25] }) },
  { title: 'FlagShare', description: 'A variant, and the percentage of people that has it' },
)
const Rule = Strict(
  {
    roles: Type.Optional(Type.Array(OneOf([...roles]), { minItems: 1, maxItems: 4, uniqueItems: true })),
    tenants: Type.Optional(
      Type.Array(Id('A client, with all that is theirs'), { minItems: 1, maxItems: 100, uniqueItems: true }),
    ),
    variant: Variant,
  },
  {
    title: 'FlagRule',
    description: 'Who has a variant whatever the percentages: whoever is of one of the roles and of one of the tenants',
  },
)
const settable = {
  isOn: Type.Boolean({ description: 'The kill switch: while it is off nobody has anything of it' }),
  split: Type.Array(Share, { minItems: 1, maxItems: 10, description: 'All variants, 100 percent together' }),
  rules: Type.Array(Rule, { maxItems: 20, description: 'Asked in order before the split: the first that fits counts' }),
}

export const Flag = Strict(
  {
    name: FlagName,
    description: Text(1, 300),
    otherwise: Variant,
    ...settable,
    changedBy: Nullable(Id('Who changed it last')),
    changedAt: Nullable(Instant),
  },
  { title: 'Flag', description: 'Who has which variant of something' },
)
export type Flag = Static<typeof Flag>

export const Flags = Strict({ data: Type.Array(Flag, { maxItems: 100 }) }, { title: 'Flags', description: 'All flags' })
export type Flags = Static<typeof Flags>

export const ChangeFlag = Strict(settable, { title: 'ChangeFlag', description: 'Who is to have which variant' })
export type ChangeFlag = Static<typeof ChangeFlag>

/** A name that no flag has is 404, as any other object that there is not. */
export const FlagParams = Strict({ name: Slug })

export const Assignment = Strict(
  {
    name: FlagName,
    variant: Variant,
    reason: OneOf(['DEFAULT', 'DISABLED', 'SPLIT', 'TARGETING_MATCH'], {
      description: 'Why, in the words of OpenFeature',
    }),
  },
  { title: 'FlagAssignment', description: 'What somebody has of a flag' },
)
export type Assignment = Static<typeof Assignment>

export const Assignments = Strict(
  { data: Type.Array(Assignment, { maxItems: 100 }) },
  { title: 'FlagAssignments', description: 'What somebody has of each flag' },
)
export type Assignments = Static<typeof Assignments>
