// One JSON object a line: time in UTC, level by name, and which service, version and deployment speaks.
import { createRequire } from 'node:module'
import pino from 'pino'
import { tellError } from './log-errors.ts'
import { traceIds } from './spans.ts'

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
  /** A file that gets the lines too. */
  file?: string | undefined
  /** Told of every error that a line of level error or fatal carries, with what else the line says. */
  onError?: (error: unknown, facts: Record<string, unknown>) => void
  /** Instead of standard output. */
  destination?: pino.DestinationStream
}

/** Values under these names, in whatever case, never reach a line, wherever an object carries them. */
const secretNames = new Set(
  [
    ...['authorization', 'cookie', 'set-cookie', 'cookies', 'x-csrf-token', 'csrfToken', 'csrf'],
    ...['body', 'password', 'newPassword', 'currentPassword', 'passwordHash', 'totp', 'recoveryCode', 'recoveryCodes'],
    ...['accessToken', 'refreshToken', 'token', 'otpauth', 'seed', 'secret', 'signingKey', 'key', 'apiKey'],
    ...['email', 'newEmail', 'to', 'recipient', 'address', 'ip', 'remoteAddress', 'card', 'cardNumber', 'iban'],
  ].map((name) => name.toLowerCase()),
)
const { error = 50 } = pino.levels.values
/** Levels of an object that are looked through; what is deeper is left out. */
const deepest = 6

/** Writes to standard output, or to `destination`. */
export function createLog({ level, format, file, onError, destination, ...identity }: Options) {
  const pretty = format === 'pretty' && canBePretty()
  const options: pino.LoggerOptions = {
    level,
    base: identity,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceIds,
    formatters: {
      level: (label) => ({ level: label }),
      log: (line) => withoutSecrets(line, 0) as object & typeof line,
    },
    serializers: { err: tellError },
    hooks: {
      logMethod(given, method, number) {
        const [line] = given as unknown[]
        if (onError && number >= error && isOfError(line))
          onError(line.err, { ...traceIds(), ...this.bindings(), ...line })
        method.apply(this, given)
      },
    },
  }
  const ignore = Object.keys(identity).join()
  const output =
    destination ?? (pretty ? pino.transport({ target: 'pino-pretty', options: { ignore } }) : pino.destination(1))
  // Each takes what the logger lets through.
  const both = file && [output, openFile(file)].map((stream) => ({ stream, level: 'trace' as const }))
  return pino(options, both ? pino.multistream(both) : output)
}

/** For a machine that has nobody to collect lines: five parts of 10 MB at most, of which the oldest goes. */
function openFile(file: string): pino.DestinationStream {
  const stream = pino.transport({
    target: 'pino-roll',
    options: { file, size: '10m', mkdir: true, limit: { count: 4, removeOtherLogFiles: true } },
  })
  // On a disk that is full, say: standard output has all lines, and each further one would be an error again.
  stream.once('error', ({ message }: Error) => console.error(`LOG_FILE gets no lines until a restart: ${message}`))
  stream.on('error', () => {})
  return stream
}

const isOfError = (line: unknown): line is { err: unknown } =>
  typeof line === 'object' && line !== null && 'err' in line

/** One walk over the object: pino's own redaction goes over it once for each name. */
function withoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth > deepest) return '[too deep]'
  if (Array.isArray(value)) return value.map((each) => withoutSecrets(each, depth + 1))
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      secretNames.has(name.toLowerCase()) ? '[redacted]' : withoutSecrets(each, depth + 1),
    ]),
  )
}
