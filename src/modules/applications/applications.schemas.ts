import type { Static } from 'typebox'
import { Id, Instant, OneOf, PageOf, PageQuery, Strict, Text, Uuid } from '../../lib/schemas.ts'

const CoverLetter = Text(1, 5000, { description: 'Why you', examples: ['I have mended nine cranes like yours.'] })

export const Application = Strict(
  {
    id: Uuid,
    jobId: Id('The job that it is for'),
    workerId: Id('The worker who applied'),
    coverLetter: CoverLetter,
    status: OneOf(['submitted', 'withdrawn', 'accepted', 'rejected']),
    createdAt: Instant,
    updatedAt: Instant,
  },
  { title: 'Application', description: 'What a worker sends for a job' },
)
export type Application = Static<typeof Application>

export const NewApplication = Strict(
  { coverLetter: CoverLetter },
  { title: 'NewApplication', description: 'An application to send' },
)
export type NewApplication = Static<typeof NewApplication>

export const ApplicationQuery = Strict(PageQuery)
export type ApplicationQuery = Static<typeof ApplicationQuery>

export const ApplicationPage = PageOf(Application, { title: 'ApplicationPage', description: 'A page of applications' })
