// The environment in, one frozen typed object out. The only reader of process.env.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { arrange, settleAfter, type Values } from './config.arrange.ts'
import { wordsOf } from './environment.edge.schemas.ts'
import { halfExternal, unfitForProduction } from './environment.rules.ts'
import { Environment } from './environment.schemas.ts'
import { type Run, unguarded } from './lib/outside.ts'
import { openSecretStore, type SecretStore } from './lib/secret-store.ts'

/** Everything that is wrong with the environment, a line for each variable. Doors print it and exit with 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: string[]
  constructor(problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

export type Config = ReturnType<typeof loadConfig>
type Source = Record<string, string | undefined>
type Variable = TSchema & {
  should?: string
  /** What is wrong with a value, where that can be said better; without what is secret in it. */
  explain?: (text: string) => string | undefined
  secret?: 'value' | 'password'
  default?: unknown
  enum?: string[]
  minimum?: number
  maximum?: number
}

/**
 * Reads the environment, the files that it names, and the secrets that a secrets manager has `stored`. Throws one ConfigError that
 * names every variable that is missing or malformed.
 */
export function loadConfig(source: Source = process.env, stored: Source = {}) {
  const { DATABASE_OWNER_URL: _, REDIS_URL, QUEUE_DATABASE_URL, ...always } = Environment.properties
  // Embedded mode is the one place where jobs may be kept elsewhere than in Redis.
  const isSet = (name: string) => waysOf(name, source, stored).length > 0
  const embedded =
    isSet('QUEUE_DATABASE_URL') && !isSet('REDIS_URL') && (source.NODE_ENV || 'production') !== 'production'
  const queue = embedded ? { QUEUE_DATABASE_URL } : { REDIS_URL }
  return freeze(arrange(readAll({ ...always, ...queue }, source, stored) as Values))
}

/** What reads all of that, secrets manager included, as often as it is called; `run` is the way to that. Rejects as loadConfig throws. */
export function configReader(source: Source = process.env): (run?: Run) => Promise<Config> {
  let store: SecretStore | undefined
  return async (run = unguarded) => {
    if (!source.AWS_SECRET_ID) return loadConfig(source)
    store ??= openSecretStore(whereSecretsAre(source))
    const stored = await run(store.read).catch((error: Error) => {
      const why = error.message || error.name
      throw new ConfigError([`AWS_SECRET_ID names ${source.AWS_SECRET_ID}, which can't be read: ${why}`])
    })
    return loadConfig(source, stored)
  }
}

/** Before anything is sent there: where that is malformed, all is told that is wrong. */
function whereSecretsAre(source: Source) {
  const { NODE_ENV, AWS_SECRET_ID, AWS_REGION, AWS_ENDPOINT_URL_SECRETS_MANAGER } = Environment.properties
  try {
    const values = readAll({ NODE_ENV, AWS_SECRET_ID, AWS_REGION, AWS_ENDPOINT_URL_SECRETS_MANAGER }, source) as Values
    const { AWS_SECRET_ID: id = '', AWS_REGION: region, AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint } = values
    return { id, region, endpoint }
  } catch (error) {
    loadConfig(source)
    throw error
  }
}

/** The same once. */
export const loadConfigWithSecrets = (source?: Source): Promise<Config> => configReader(source)()

/** What migrations need, and nothing that signs or serves. Throws ConfigError. */
export function loadMigrationConfig(source: Source = process.env): { ownerUrl: string } {
  const { NODE_ENV, DATABASE_OWNER_URL } = Environment.properties
  return { ownerUrl: readAll({ NODE_ENV, DATABASE_OWNER_URL }, source).DATABASE_OWNER_URL as string }
}

/** What the rotation of keys has to wait for, in milliseconds. Throws ConfigError. */
export function loadKeyTimes(source: Source = process.env): { settle: number; lifetime: number } {
  const { TOKEN_LIFETIME_MS, SECRETS_REFRESH_MS } = Environment.properties
  const values = readAll({ TOKEN_LIFETIME_MS, SECRETS_REFRESH_MS }, source)
  return { lifetime: Number(values.TOKEN_LIFETIME_MS), settle: settleAfter(Number(values.SECRETS_REFRESH_MS)) }
}

/** What linking a subject of another issuer needs. Throws ConfigError. */
export function loadLinkConfig(source: Source = process.env): { ownerUrl: string; issuer: string | undefined } {
  const { NODE_ENV, DATABASE_OWNER_URL, EXTERNAL_ISSUER, EXTERNAL_AUDIENCE, EXTERNAL_JWKS_URL } = Environment.properties
  const external = { EXTERNAL_ISSUER, EXTERNAL_AUDIENCE, EXTERNAL_JWKS_URL }
  const values = readAll({ NODE_ENV, DATABASE_OWNER_URL, ...external }, source)
  return { ownerUrl: values.DATABASE_OWNER_URL as string, issuer: values.EXTERNAL_ISSUER as string | undefined }
}

/** What verifying a restored database needs: no secret of the service. Throws ConfigError. */
export function loadRestoredConfig(source: Source = process.env): { url: string; sealKeys: string[] } {
  const { NODE_ENV, DATABASE_URL, AUDIT_OLD_KEYS } = Environment.properties
  const values = readAll({ NODE_ENV, DATABASE_URL, AUDIT_OLD_KEYS }, source)
  return { url: values.DATABASE_URL as string, sealKeys: wordsOf(values.AUDIT_OLD_KEYS as string) }
}

function readAll(variables: Record<string, Variable>, source: Source, stored: Source = {}): Record<string, unknown> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries(variables)) {
    try {
      values[name] = read(name, variable, source, stored)
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`)
    }
  }
  problems.push(...halfExternal(values))
  if (values.NODE_ENV === 'production') problems.push(...unfitForProduction(values))
  if (problems.length > 0) throw new ConfigError(problems)
  return values
}

function read(name: string, variable: Variable, source: Source, stored: Source): unknown {
  const text = variable.secret ? secretText(name, source, stored) : source[name]
  if (text === undefined || text === '') {
    if ('default' in variable) return variable.default
    if (Type.IsOptional(variable)) return undefined
    const file = source[`${name}_FILE`]
    if (variable.secret && file)
      throw new Error(
        `is missing: ${name}_FILE names ${file}, which is empty: it should hold ${whatItShouldBe(variable)}`,
      )
    throw new Error(
      `is missing: it should be ${whatItShouldBe(variable)}${variable.secret ? `, or ${name}_FILE the path of a file with it` : ''}`,
    )
  }
  // Value.Convert would take "true" for 1, and "80.5" for 80 where only whole numbers are good.
  const isNumber = 'minimum' in variable && /^\d+(\.\d+)?$/.test(text)
  const value = isNumber ? Number(text) : text
  if (Value.Check(variable, value)) return value
  const problem = variable.explain?.(text)
  if (problem) throw new Error(problem)
  throw new Error(`should be ${whatItShouldBe(variable)}${variable.secret ? '' : `, not "${text.slice(0, 60)}"`}`)
}

function secretText(name: string, source: Source, stored: Source): string | undefined {
  const ways = waysOf(name, source, stored)
  if (ways.length > 1) throw new Error(`is set twice: by ${ways.join(' and by ')}`)
  const path = source[`${name}_FILE`]
  if (!path) return source[name] || stored[name]?.trim()
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new Error(`can't be read: ${name}_FILE names ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** Where a secret is set: in one place, or else nobody knows which one counts. */
function waysOf(name: string, source: Source, stored: Source): string[] {
  const ways = { [name]: source[name], [`${name}_FILE`]: source[`${name}_FILE`], AWS_SECRET_ID: stored[name] }
  return Object.keys(ways).filter((way) => ways[way])
}

function whatItShouldBe({ should, enum: words, minimum, maximum }: Variable): string {
  return should ?? (words ? `one of ${words.join(', ')}` : `a whole number from ${minimum} to ${maximum}`)
}

function freeze<T extends object>(value: T): Readonly<T> {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) freeze(inner)
  return Object.freeze(value)
}
