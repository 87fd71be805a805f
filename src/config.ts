// The environment in, one frozen typed object out. The only reader of process.env.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { wordsOf } from './environment.edge.schemas.ts'
import { Environment } from './environment.schemas.ts'
import { secretWeakness } from './lib/secrets.ts'

/** Everything that is wrong with the environment, a line for each variable. Doors print it and exit with 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: string[]
  constructor(problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

type Values = Static<typeof Environment>
export type Config = ReturnType<typeof loadConfig>
type Source = Record<string, string | undefined>
type Variable = TSchema & {
  should?: string
  secret?: 'value' | 'password'
  default?: unknown
  enum?: string[]
  minimum?: number
  maximum?: number
}

/** Reads the environment. Throws one ConfigError that names every variable that is missing or malformed. */
export function loadConfig(source: Source = process.env) {
  const { DATABASE_OWNER_URL: _, REDIS_URL, QUEUE_DATABASE_URL, ...always } = Environment.properties
  // Embedded mode is the one place where jobs may be kept elsewhere than in Redis.
  const isSet = (name: string) => Boolean(source[name] || source[`${name}_FILE`])
  const embedded =
    isSet('QUEUE_DATABASE_URL') && !isSet('REDIS_URL') && (source.NODE_ENV || 'production') !== 'production'
  const queue = embedded ? { QUEUE_DATABASE_URL } : { REDIS_URL }
  return freeze(arrange(readAll({ ...always, ...queue }, source) as Values))
}

/** What migrations need, and nothing that signs or serves. Throws ConfigError. */
export function loadMigrationConfig(source: Source = process.env): { ownerUrl: string } {
  const { NODE_ENV, DATABASE_OWNER_URL } = Environment.properties
  return { ownerUrl: readAll({ NODE_ENV, DATABASE_OWNER_URL }, source).DATABASE_OWNER_URL as string }
}

function readAll(variables: Record<string, Variable>, source: Source): Record<string, unknown> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries(variables)) {
    try {
      values[name] = read(name, variable, source)
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`)
    }
  }
  if (values.NODE_ENV === 'production') problems.push(...unfitForProduction(values))
  if (problems.length > 0) throw new ConfigError(problems)
  return values
}

function read(name: string, variable: Variable, source: Source): unknown {
  const text = variable.secret ? textOrFile(name, source) : source[name]
  if (text === undefined || text === '') {
    if ('default' in variable) return variable.default
    if (Type.IsOptional(variable)) return undefined
    throw new Error(
      `is missing: it should be ${whatItShouldBe(variable)}${variable.secret ? `, or ${name}_FILE the path of a file with it` : ''}`,
    )
  }
  // Value.Convert would take "true" for 1 and "80.5" for 80.
  const value = 'minimum' in variable && /^\d+$/.test(text) ? Number(text) : text
  if (Value.Check(variable, value)) return value
  throw new Error(`should be ${whatItShouldBe(variable)}${variable.secret ? '' : `, not "${text.slice(0, 60)}"`}`)
}

function textOrFile(name: string, source: Source): string | undefined {
  const path = source[`${name}_FILE`]
  if (!path) return source[name]
  if (source[name]) throw new Error(`is set twice: by ${name} and by ${name}_FILE`)
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new Error(`can't be read: ${name}_FILE names ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
}

function whatItShouldBe({ should, enum: words, minimum, maximum }: Variable): string {
  return should ?? (words ? `one of ${words.join(', ')}` : `a whole number from ${minimum} to ${maximum}`)
}

function unfitForProduction(values: Record<string, unknown>): string[] {
  const anyOrigin = wordsOf(String(values.CORS_ORIGINS)).includes('*')
    ? ['CORS_ORIGINS may not be * in production: list the origins']
    : []
  const weak = Object.entries<Variable>(Environment.properties).flatMap(([name, { secret }]) => {
    const value = values[name]
    if (!secret || typeof value !== 'string') return []
    if (secret === 'value') return weakness(name, value, 32)
    const password = decodeURIComponent(new URL(value).password)
    return password === '' ? [`${name} has no password`] : weakness(`The password in ${name}`, password, 16)
  })
  return [...anyOrigin, ...weak]
}

function weakness(what: string, secret: string, minLength: number): string[] {
  const why = secretWeakness(secret, minLength)
  return why ? [`${what} ${why}: make a new one`] : []
}

function arrange(v: Values) {
  return {
    production: v.NODE_ENV === 'production',
    deployment: v.DEPLOYMENT,
    publicUrl: v.PUBLIC_URL.replace(/\/+$/, ''),
    deletedJobsKeptDays: v.DELETED_JOBS_KEPT_DAYS,
    log: { level: v.LOG_LEVEL, format: v.LOG_FORMAT },
    http: {
      host: v.HOST,
      port: v.PORT,
      bodyLimit: v.BODY_LIMIT_BYTES,
      requestTimeout: v.REQUEST_TIMEOUT_MS,
      handlerTimeout: v.HANDLER_TIMEOUT_MS,
      readyTimeout: v.READY_TIMEOUT_MS,
      drain: v.DRAIN_MS,
      shutdownTimeout: v.SHUTDOWN_TIMEOUT_MS,
    },
    database: {
      url: v.DATABASE_URL,
      poolMax: v.DATABASE_POOL_MAX,
      connectTimeout: v.DATABASE_CONNECT_TIMEOUT_MS,
      statementTimeout: v.DATABASE_STATEMENT_TIMEOUT_MS,
      lockTimeout: v.DATABASE_LOCK_TIMEOUT_MS,
      idleTransactionTimeout: v.DATABASE_IDLE_TRANSACTION_TIMEOUT_MS,
      connectionLifetime: v.DATABASE_CONNECTION_LIFETIME_MS,
      startTimeout: v.DATABASE_START_TIMEOUT_MS,
    },
    edge: arrangeEdge(v),
    redis: {
      limits: v.LIMITS_REDIS_URL ?? v.REDIS_URL,
      cache: v.CACHE_REDIS_URL ?? v.REDIS_URL,
      timeout: v.REDIS_TIMEOUT_MS,
      prefix: v.REDIS_PREFIX,
    },
    queues: {
      store: v.QUEUE_DATABASE_URL ? { postgres: v.QUEUE_DATABASE_URL } : { redis: v.REDIS_URL },
      prefix: v.REDIS_PREFIX,
      attempts: v.QUEUE_ATTEMPTS,
      backoff: v.QUEUE_BACKOFF_MS,
      lock: v.QUEUE_LOCK_MS,
    },
    worker: { concurrency: v.WORKER_CONCURRENCY, healthPort: v.WORKER_HEALTH_PORT },
    outbox: { url: v.DATABASE_DIRECT_URL ?? v.DATABASE_URL, every: v.OUTBOX_SWEEP_MS, retryAfter: v.OUTBOX_RETRY_MS },
    eventsKeptDays: v.EVENTS_KEPT_DAYS,
    mail: { url: v.SMTP_URL, from: v.MAIL_FROM, timeout: v.MAIL_TIMEOUT_MS },
    tokens: { signingKey: v.TOKEN_SIGNING_KEY, audience: v.TOKEN_AUDIENCE, lifetime: v.TOKEN_LIFETIME_MS },
    secret: v.APP_SECRET,
    encryptionKeys: v.ENCRYPTION_KEYS,
    sessions: { idleDays: v.SESSION_IDLE_DAYS, days: v.SESSION_DAYS },
    cursorLifetime: v.CURSOR_LIFETIME_MS,
  }
}

function arrangeEdge(v: Values) {
  return {
    trustProxy: wordsOf(v.TRUST_PROXY),
    hosts: [new URL(v.PUBLIC_URL).hostname, ...wordsOf(v.ALLOWED_HOSTS)],
    corsOrigins: wordsOf(v.CORS_ORIGINS),
    limits: {
      auth: limitOf(v.LIMIT_AUTH),
      payment: limitOf(v.LIMIT_PAYMENT),
      upload: limitOf(v.LIMIT_UPLOAD),
      write: limitOf(v.LIMIT_WRITE),
      read: limitOf(v.LIMIT_READ),
      public: limitOf(v.LIMIT_PUBLIC),
    },
    tierFactors: { standard: 1, partner: v.LIMIT_PARTNER_FACTOR },
    exempt: wordsOf(v.LIMIT_EXEMPT),
    cache: { on: v.CACHE === 'on', grace: v.CACHE_GRACE_MS },
    load: {
      concurrent: v.CONCURRENT_REQUESTS,
      waiting: v.WAITING_REQUESTS,
      wait: v.WAITING_MS,
      eventLoopDelay: v.EVENT_LOOP_DELAY_MS,
    },
    compressFrom: v.COMPRESS_FROM_BYTES,
    metricsPort: v.METRICS_PORT,
  }
}

/** Such as 30/60s. */
function limitOf(text: string) {
  const [max, seconds] = text.split(/\D/).map(Number)
  return { max: max as number, window: (seconds as number) * 1000 }
}

function freeze<T extends object>(value: T): Readonly<T> {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) freeze(inner)
  return Object.freeze(value)
}
