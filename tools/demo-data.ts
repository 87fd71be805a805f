// What `npm start` puts into an empty database, so that there is something to look at. Made through the services: rules hold.
import type { Role } from '../src/lib/actor.ts'
import type { NewJob } from '../src/modules/jobs/jobs.schemas.ts'
import type { Services } from '../src/services.ts'

/** Demo accounts exist only where `npm start` made them. */
export const demoPassword = 'correct-horse-battery'

export const demoSignIns: { email: string; name: string; role: Role }[] = [
  { email: 'client@example.com', name: 'Clara Client', role: 'client' },
  { email: 'worker@example.com', name: 'Walter Worker', role: 'worker' },
  { email: 'support@example.com', name: 'Sunita Support', role: 'support' },
  { email: 'admin@example.com', name: 'Ada Admin', role: 'admin' },
]

type Row = [title: string, category: NewJob['category'], skills: string[], euros: number, description: string]

const open: Row[] = [
  [
    'Fix the harbour crane',
    'engineering',
    ['hydraulics', 'welding'],
    4200,
    'The crane in dock 4 no longer turns. We have the drawings.',
  ],
  ['Repaint the lighthouse', 'other', ['painting'], 2600, 'Two coats, red and white, before the season starts.'],
  [
    'Draw a new sailing chart',
    'design',
    ['cartography', 'illustration'],
    1800,
    'The sandbanks moved. Soundings are done.',
  ],
  [
    'Write the pilot handbook',
    'writing',
    ['technical writing'],
    3100,
    'Forty pages for people who bring ships in at night.',
  ],
  [
    'Move tide tables to PostgreSQL',
    'engineering',
    ['sql', 'postgresql'],
    5400,
    'Thirty years of spreadsheets, one schema, no lost minute.',
  ],
  [
    'Answer the berth hotline',
    'support',
    ['english', 'dutch'],
    900,
    'Mornings, for one month, while our harbour master is away.',
  ],
  ['Plan the regatta weekend', 'operations', ['logistics'], 1500, 'Sixty boats, two hundred guests, one crane.'],
  [
    'Launch the ferry campaign',
    'marketing',
    ['copywriting', 'analytics'],
    2200,
    'A quiet ferry should not be an empty ferry.',
  ],
]

/** Fills a database that has no demo client yet; answers whether it did. */
export async function fillWithDemo({ identity, jobs }: Services): Promise<boolean> {
  const [client, ...others] = demoSignIns.map((person) => ({ ...person, password: demoPassword }))
  if (!client) return false
  const owner = await identity
    .register(client)
    .catch((error) => (error.code === 'EMAIL_TAKEN' ? undefined : Promise.reject(error)))
  if (!owner) return false
  await Promise.all(others.map((person) => identity.register(person)))
  for (const [title, category, skills, euros, description] of open) {
    const job = await jobs.create(owner, {
      title,
      category,
      skills,
      description,
      budget: { amount: euros * 100, currency: 'EUR' },
    })
    await jobs.publish(owner, job.id)
  }
  await jobs.create(owner, {
    title: 'Salvage the anchor',
    category: 'operations',
    description: 'A draft: only its owner sees it.',
    budget: { amount: 80_000, currency: 'EUR' },
  })
  return true
}
