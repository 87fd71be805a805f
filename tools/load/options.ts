import { parseArgs } from 'node:util'
import { type Scenario, scenarios, type Wanted } from '../../k6/scenarios.ts'
import { isLocal } from '../rolling/options.ts'

export class UsageError extends Error {}
export type Options = Required<Wanted> & {
  scenario: Scenario
  url: string | undefined
  database: string | undefined
  keep: boolean
}

export const usage = `npm run load -- SCENARIO [OPTIONS], where SCENARIO is one of ${scenarios.join(', ')}
  --minutes N     how long, 0.05 to 1440 (the scenario's own)
  --users N       people at once at the most, 1 to 10000 (the scenario's own)
  --url URL       a service that runs already, with its limits raised; without it, one is started with a database of its own
  --anywhere      it need not be on this machine: you may load it
  --database URL  its database, as its owner, which is held against what was answered; without it nothing of a --url is
  --keep          keep the result in k6/results, for docs/capacity.md`

/** Throws UsageError. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args)
  const [scenario, ...more] = positionals
  if (!scenarios.includes(scenario as Scenario) || more.length > 0) throw new UsageError('One SCENARIO is needed')
  if (!values.url && (values.anywhere || values.database))
    throw new UsageError('--anywhere and --database are for a --url')
  if (values.url && scenario === 'failure') throw new UsageError('failure breaks what it stands on: it takes no --url')
  const options = {
    scenario: scenario as Scenario,
    minutes: numberOf('minutes', values.minutes, 0.05, 1440),
    users: numberOf('users', values.users, 1, 10_000),
    url: values.url === undefined ? undefined : urlOf(values.url, values.anywhere === true),
    database: values.database,
    keep: values.keep === true,
  }
  if (options.keep && (options.users || options.url))
    throw new UsageError('--keep is for a scenario with all its people, on a service that is started for it')
  if (options.users !== undefined && !Number.isInteger(options.users)) throw new UsageError('--users is a whole number')
  return options
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = { minutes: text, users: text, url: text, database: text, anywhere: flag, keep: flag }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function numberOf(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw new UsageError(`--${name} is a number from ${least} to ${most}, not ${value || 'empty'}`)
}

function urlOf(value: string, anywhere: boolean): string {
  const url = URL.parse(value)
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search)
    throw new UsageError(`--url is an address such as http://127.0.0.1:8080, not ${value || 'empty'}`)
  if (!anywhere && !isLocal(url))
    throw new UsageError(
      `${url.host} is not this machine. Such a load is an attack on who has not asked for it: --anywhere if it is yours`,
    )
  return url.origin
}
