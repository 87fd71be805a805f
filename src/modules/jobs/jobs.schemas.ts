import { type Static, Type } from 'typebox'
import {
  Id,
  Instant,
  Money,
  Nullable,
  OneOf,
  PageOf,
  PageQuery,
  Slug,
  Strict,
  Text,
  Uuid,
  Version,
} from '../../lib/schemas.ts'

const Title = Text(3, 160, { examples: ['Fix the harbour crane'] })
const Description = Text(1, 10_000, { examples: ['The crane in dock 4 no longer turns.'] })
const Category = OneOf(['design', 'engineering', 'marketing', 'operations', 'support', 'writing', 'other'], {
  description: 'The field of work',
})
const Skill = Type.String({
  minLength: 1,
  maxLength: 40,
  pattern: '^[a-z0-9][a-z0-9+#. -]*$',
  description: 'A skill that the work asks for, in small letters',
  examples: ['hydraulics'],
})
const Skills = Type.Array(Skill, { maxItems: 20, uniqueItems: true })
const Client = Id('The client whose job it is')
const statuses = ['draft', 'open', 'closed'] as const
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
    clientId: Client,
    slug: Slug,
    title: Title,
    description: Description,
    category: Category,
    skills: Skills,
    budget: Money,
    status: OneOf(statuses),
    version: Version,
    createdAt: Instant,
    updatedAt: Instant,
    publishedAt: Nullable(Instant),
    closedAt: Nullable(Instant),
  },
  { title: 'Job', description: 'A job' },
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
  { title: 'NewJob', description: 'A job to draft' },
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
  { title: 'JobChanges', description: 'What to change of a job: the rest stays', minProperties: 1 },
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
  status: OneOf(statuses, {
    default: 'open',
    description: 'Drafts are listed for their client, and for support',
  }),
  clientId: Type.Optional(Client),
  sort: OneOf(['newest', 'oldest', 'highest-budget', 'lowest-budget'], {
    default: 'newest',
    description: 'Age counts from the publication; budgets compare as numbers, whatever their currency',
  }),
})
export type JobQuery = Static<typeof JobQuery>

export const JobPage = PageOf(Job, { title: 'JobPage', description: 'Jobs, a page of them' })

export const SlugParams = Strict({ slug: Slug })

export const SlugState = Strict(
  {
    slug: Slug,
    available: Type.Boolean(),
    reason: Nullable(OneOf(['taken', 'reserved']), { description: 'Why it is not free' }),
    jobId: Nullable(Id('The job that has it, where everyone may see that job')),
  },
  { title: 'SlugState', description: 'Whether a slug is free' },
)
export type SlugState = Static<typeof SlugState>
