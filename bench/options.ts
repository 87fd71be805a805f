import { parseArgs } from 'node:util'

export class UsageError extends Error {}
export type Options = { only: string[]; rounds: number; json?: string; write: boolean; growth: boolean }

export const usage = (cases: readonly string[]) => `npm run bench [-- OPTIONS]
  --only CASE,…  of ${cases.join(', ')}
  --rounds N     how often each side is measured, 5 to 50 (5)
  --json FILE    writes [{ name, value, aim, met }] there
  --write        makes docs/performance.md and docs/performance.svg; takes all cases
  --growth       also over rows and connections, which takes half an hour`

/** Throws UsageError. */
export function readOptions(args: readonly string[], cases: readonly string[]): Options {
  const { values } = parse(args)
  const only = values.only?.split(',') ?? []
  const unknown = only.filter((name) => !cases.includes(name))
  if (unknown.length > 0) throw new UsageError(`No case is called ${unknown.join(', ') || 'nothing'}`)
  const rounds = Number(values.rounds)
  if (!(Number.isInteger(rounds) && rounds >= 5 && rounds <= 50))
    throw new UsageError(`--rounds is a whole number from 5 to 50, not ${values.rounds}`)
  if (values.json === '') throw new UsageError('--json needs the name of a file')
  const { write = false, growth = false, json } = values
  if (write && only.length > 0) throw new UsageError('--write is for all cases: leave --only out')
  return { only, rounds, write, growth, ...(json && { json }) }
}

function parse(args: readonly string[]) {
  const options = {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    write: { type: 'boolean' },
    growth: { type: 'boolean' },
  } as const
  try {
    return parseArgs({ args: [...args], options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
