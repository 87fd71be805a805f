// Who takes part, and over what: made by tools/load/cast.ts before the run, and shared by all people of k6.
import { SharedArray } from 'k6/data'
import exec from 'k6/execution'

export type Person = { email: string; role: 'client' | 'worker' }

const read = () => JSON.parse(open(__ENV.CAST ?? ''))
const people = new SharedArray<Person>('people', () => read().people)
const workers = new SharedArray<Person>('workers', () => read().people.filter(({ role }: Person) => role === 'worker'))
const [shared = ''] = new SharedArray<string>('password', () => [read().password])

export const jobs = new SharedArray<string>('jobs', () => read().jobs)
export const password = shared

/** The one that this virtual user is. A crowd that is larger than the cast would share accounts, so it ends the run. */
export function self(): Person {
  const at = exec.vu.idInTest - 1
  const person = people[at]
  if (!person) exec.test.abort(`The cast has ${people.length} people, and virtual user ${at + 1} is none of them`)
  return person as Person
}

/** A worker whom this virtual user may hire. */
export const partner = () => workers[exec.vu.idInTest % workers.length] as Person
