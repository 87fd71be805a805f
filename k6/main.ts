// The script that k6 runs: `npm run load -- SCENARIO` finds k6, makes the people and jobs, and says where they are by the environment.
// SCENARIO, URL and CAST (a file) are needed; USERS and MINUTES are other numbers than the scenario's own; SUMMARY is where k6 tells
// what it saw.
import { turn } from './people.ts'
import { optionsOf, type Scenario, scenarios } from './scenarios.ts'

const { SCENARIO = '', USERS, MINUTES, SUMMARY } = __ENV
if (!scenarios.includes(SCENARIO as Scenario)) throw new Error(`SCENARIO is one of ${scenarios.join(', ')}`)

const numberOf = (text: string | undefined) => (text ? Number(text) : undefined)

export const options = optionsOf(SCENARIO as Scenario, { users: numberOf(USERS), minutes: numberOf(MINUTES) })

export default turn

export function handleSummary(data: unknown): Record<string, string> {
  return { [SUMMARY ?? 'stdout']: JSON.stringify(data) }
}
