import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { areas, type Control, tiers } from '../control.ts'
import { roles, type SignOff } from '../report/report.schemas.ts'

/** The words of the command line make no sense: exit code 2. */
export class UsageError extends Error {}
export type Options = ReturnType<typeof readOptions>

const known = {
  list: { type: 'boolean' },
  json: { type: 'boolean' },
  only: { type: 'string' },
  area: { type: 'string' },
  tier: { type: 'string' },
  sabotage: { type: 'boolean' },
  since: { type: 'string' },
  minutes: { type: 'string' },
  target: { type: 'string' },
  token: { type: 'string' },
  report: { type: 'string' },
  'sign-off': { type: 'string' },
  role: { type: 'string' },
  home: { type: 'string' },
} as const

/** Reads the command line; throws UsageError with what is wrong and what would be right. */
export function readOptions(words: string[], root: string) {
  const values = parse(words)
  const only = values.only?.split(',').map((id) => id.trim().toUpperCase())
  const area = oneOf('--area', values.area?.toUpperCase(), Object.keys(areas))
  const tier = oneOf('--tier', values.tier, [...tiers, 'all'])
  const target = values.target === undefined ? undefined : urlOf(values.target)
  const minutes = minutesOf(values.minutes)
  const home = resolve(values.home ?? join(root, 'readiness'))
  if (target && values.sabotage) throw new UsageError('--target only looks: nothing is broken there, so no --sabotage')
  return {
    list: values.list ?? false,
    json: values.json ?? false,
    sabotage: values.sabotage ?? false,
    since: values.since,
    target,
    token: values.token ?? '',
    home,
    report: resolve(
      values.report ?? join(root, target ? `readiness-report/${new URL(target).host}` : 'readiness-report'),
    ),
    signOff: signOffOf(values['sign-off'], values.role),
    /** Named controls are run whatever their tier; otherwise the fast ones are, unless another tier is asked for. */
    selects: (control: Control) =>
      (only
        ? only.includes(control.id)
        : target !== undefined || tier === 'all' || control.tier === (tier ?? 'fast')) &&
      (!area || control.id.startsWith(area)),
    /**
     * Whose sabotages are tried: with --since of the controls that the change touched; of all, when that is none. With --minutes
     * those of the controls whose turn comes within that time from now; the others are looked at only.
     */
    sabotages(selection: readonly Control[], touched: readonly Control[] = []) {
      const chosen = selection.filter((control) => touched.includes(control))
      const wanted = new Set(chosen.length > 0 ? chosen : selection)
      const end = performance.now() + minutes * 60_000
      return (control: Control) => (values.sabotage ?? false) && wanted.has(control) && performance.now() < end
    },
  }
}

function parse(words: string[]) {
  try {
    return parseArgs({ args: words, options: known }).values
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}\nOptions: ${Object.keys(known)
        .map((name) => `--${name}`)
        .join(' ')}`,
    )
  }
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): string | undefined {
  if (value !== undefined && !allowed.includes(value))
    throw new UsageError(`${name} is one of ${allowed.join(', ')}, not "${value}"`)
  return value
}

function minutesOf(text = 'Infinity'): number {
  if (!(Number(text) > 0)) throw new UsageError(`--minutes is a number above 0, not "${text}"`)
  return Number(text)
}

function urlOf(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new UsageError(`--target is a URL with http or https, not "${text}"`)
  return text
}

function signOffOf(name: string | undefined, role: string | undefined): Pick<SignOff, 'name' | 'role'> | undefined {
  if (name === undefined && role === undefined) return undefined
  const known = roles.find((word) => word === role)
  if (!name || name.length < 2 || !known) throw new UsageError(`To sign: --sign-off NAME --role ${roles.join('|')}`)
  return { name, role: known }
}
