import type { NewJob } from '../src/modules/jobs/jobs.schemas.ts'

export const newJob = (changes: Partial<NewJob> = {}): NewJob => ({
  title: 'Fix the harbour crane',
  description: 'The crane in dock 4 no longer turns.',
  category: 'engineering',
  skills: ['hydraulics'],
  budget: { amount: 420_000, currency: 'EUR' },
  ...changes,
})
