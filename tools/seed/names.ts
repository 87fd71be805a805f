// Who and what a seeded database holds, by number: what reads it over HTTP knows ids and addresses without asking the database.
import type { Role } from '../../src/lib/actor.ts'
import { demoPassword } from '../demo-data.ts'

/** Of every seeded person. It is no secret: never seed a database that strangers can reach. */
export const seedPassword = demoPassword

const kinds = [
  'person',
  'job',
  'application',
  'contract',
  'payment',
  'transfer',
  'account',
  'review',
  'notification',
] as const
export type Kind = (typeof kinds)[number] | 'event' | 'session'
const codes = new Map<string, string>(
  [...kinds, 'event', 'session'].map((kind, at) => [kind, at.toString(16).padStart(3, '0')]),
)

/** The first of January 2024, in ms: before all that is seeded. */
const epoch = 1_704_067_200_000

/** A UUIDv7: its time rises by a millisecond with each number, so that ids have the order in which things were made. */
export function idOf(kind: Kind, number: number): string {
  const time = (epoch + number).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${codes.get(kind)}-8000-${number.toString(16).padStart(12, '0')}`
}

/** Jobs are numbered from 0, the oldest first. */
export const jobIdOf = (number: number): string => idOf('job', number)

export type Person = { id: string; email: string; name: string; role: Role }

const firstNames = [
  'Ada',
  'Bram',
  'Chidi',
  'Dunja',
  'Elif',
  'Farid',
  'Greta',
  'Hugo',
  'Ines',
  'Jonas',
  'Kaya',
  'Lena',
  'Mateo',
]
const lastNames = [
  'Adeyemi',
  'Bakker',
  'Costa',
  'Dubois',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Horvat',
  'Ivanov',
  'Jansen',
  'Kowalski',
]

/** People are numbered from 0: an admin, one of support, and from there on a client, then four workers, again and again. */
export function personOf(number: number): Person {
  const role = number === 0 ? 'admin' : number === 1 ? 'support' : number % 5 === 2 ? 'client' : 'worker'
  const name = `${firstNames[number % firstNames.length]} ${lastNames[number % lastNames.length]}`
  return { id: idOf('person', number), email: `${role}-${number}@seed.example`, name, role }
}

/** The number of a client as a person, and of a worker; those with a low number post, and apply, the most. */
export const clientNumber = (client: number): number => client * 5 + 2
export const workerNumber = (worker: number): number => Math.floor(worker / 4) * 5 + 3 + (worker % 4)
