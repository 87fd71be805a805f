// One JSON object a line: time in UTC, level by name, and which service, version and deployment speaks.
import { createRequire } from 'node:module'
import pino from 'pino'

export type Log = ReturnType<typeof createLog>

// pino-pretty is for people who develop: the image has no such module.
const canBePretty = () => {
  try {
    return Boolean(createRequire(import.meta.url).resolve('pino-pretty'))
  } catch {
    return false
  }
}

type Options = {
  level: string
  format: 'json' | 'pretty'
  service: string
  version: string
  deployment: string
  destination?: pino.DestinationStream
}

/** Values under these names never reach a line, wherever an object of up to two levels carries them. */
const secretNames = [
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'passwordHash',
  'accessToken',
  'email',
  'signingKey',
  'secret',
]
const redacted = secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`])

/** Writes to standard output, or to `destination`. */
export function createLog({ level, format, destination, ...identity }: Options) {
  const pretty = format === 'pretty' && canBePretty()
  const options: pino.LoggerOptions = {
    level,
    base: identity,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redacted, censor: '[redacted]' },
  }
  if (destination) return pino(options, destination)
  return pino(
    pretty
      ? { ...options, transport: { target: 'pino-pretty', options: { ignore: Object.keys(identity).join() } } }
      : options,
  )
}
