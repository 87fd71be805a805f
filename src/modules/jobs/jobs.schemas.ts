import { type Static, Type } from 'typebox'
import { Instant, Money, PageOf, PageQuery, Slug, Strict, Text, Uuid, Version } from '../../lib/schemas.ts'

const Title = Text(3, 160, { examples: ['Fix the harbour crane'] })
const Description = Text(1, 10_000, { examples: ['The crane in dock 4 no longer turns.'] })
const Category = Type.Enum(['design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other'])
const Skill = Type.String({
  minLength: 1,
  maxLength: 40,
  pattern: '^[a-z0-9][a-z0-9+#. -]*$',
  examples: ['hydraulics'],
})
const Skills = Type.Array(Skill, { maxItems: 20, uniqueItems: true })
const Status = Type.Enum(['draft', 'open', 'closed'])
const Amount = (means: string) =>
  Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000_000_000_000,
      format: 'int64',
      description: `${means}, in minor units of the job's own currency`,
    }),
  )

export const Job = Strict(
  {
    id: Uuid,
    clientId: Uuid,
    slug: Slug,
    title: Title,
    description: Description,
    category: Category,
    skills: Skills,
    budget: Money,
    status: Status,
    version: Version,
    createdAt: Instant,
    updatedAt: Instant,
    publishedAt: Type.Union([Instant, Type.Null()]),
    closedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'Job' },
)
export type Job = Static<typeof Job>

export const NewJob = Strict(
  {
    title: Title,
    description: Description,
    category: Category,
    skills: Type.Optional(Skills),
    budget: Money,
    slug: Type.Optional(Slug),
  },
  { title: 'NewJob' },
)
export type NewJob = Static<typeof NewJob>

export const JobChanges = Strict(
  {
    title: Type.Optional(Title),
    description: Type.Optional(Description),
    category: Type.Optional(Category),
    skills: Type.Optional(Skills),
    budget: Type.Optional(Money),
  },
  { title: 'JobChanges', minProperties: 1 },
)
export type JobChanges = Static<typeof JobChanges>

export const JobQuery = Strict({
  ...PageQuery,
  q: Type.Optional(
    Text(1, 200, { description: 'Words to find in title and description, "in quotes" together, or, -without' }),
  ),
  category: Type.Optional(Category),
  skill: Type.Optional(Skill),
  minBudget: Amount('Least budget'),
  maxBudget: Amount('Largest budget'),
  status: Type.Enum(['draft', 'open', 'closed'], {
    default: 'open',
    description: 'Drafts are listed for their owner only',
  }),
  clientId: Type.Optional(Uuid),
  sort: Type.Enum(['newest', 'oldest', 'highest-budget', 'lowest-budget'], { default: 'newest' }),
})
export type JobQuery = Static<typeof JobQuery>

export const JobPage = PageOf(Job)

export const SlugParams = Strict({ slug: Slug })

export const SlugState = Strict(
  {
    slug: Slug,
    available: Type.Boolean(),
    reason: Type.Union([Type.Literal('taken'), Type.Literal('reserved'), Type.Null()]),
    jobId: Type.Union([Uuid, Type.Null()], { description: 'The job that has it, where everyone may see that job' }),
  },
  { title: 'SlugState' },
)
export type SlugState = Static<typeof SlugState>
