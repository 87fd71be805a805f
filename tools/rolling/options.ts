import { parseArgs } from 'node:util'

export class UsageError extends Error {}
export type Options = { rate: number; seconds: number; target?: string | undefined; ca?: string | undefined }

export const usage = `npm run test:rolling [-- OPTIONS]
  --rate N      requests a second, 10 to 10000 (1000)
  --seconds N   how long, 5 to 3000 (60)
  --target URL  a service on this machine, which someone else restarts meanwhile; without it, one is started and restarted
  --ca FILE     the authority of the target's certificate`

/** Throws UsageError. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parse(args)
  if (values.ca && !values.target) throw new UsageError('--ca is for a --target')
  return {
    rate: wholeNumber('rate', values.rate, 10, 10_000),
    seconds: wholeNumber('seconds', values.seconds, 5, 3000),
    target: values.target === undefined ? undefined : localUrl(values.target),
    ca: values.ca,
  }
}

function parse(args: readonly string[]) {
  const options = {
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    target: { type: 'string' },
    ca: { type: 'string' },
  } as const
  try {
    return parseArgs({ args: [...args], options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function wholeNumber(name: string, value: string, least: number, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw new UsageError(`--${name} is a whole number from ${least} to ${most}, not ${value || 'empty'}`)
}

/** Such a load is an attack on anyone who has not asked for it. */
export const isLocal = ({ hostname }: URL) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

function localUrl(value: string): string {
  const url = URL.parse(value)
  if (url && isLocal(url) && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search) return url.origin
  throw new UsageError(`--target is an address of this machine, such as https://localhost, not ${value || 'empty'}`)
}
