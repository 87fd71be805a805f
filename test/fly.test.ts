import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { Environment } from '../src/environment.schemas.ts'
import { problemsOf, production } from './configuration.ts'

const { env, app } = parse(readFileSync('fly.toml', 'utf8')) as { env: Record<string, string>; app: string }
const guide = readFileSync('docs/deploy-fly.md', 'utf8')
const secrets = new Set(
  // What makes backups is an app of its own.
  [...guide.matchAll(/```sh fly\n((?:(?!--app seaworthy-backup)[\s\S])*?)```/g)].flatMap(([, commands = '']) =>
    [...commands.matchAll(/^(?:fly secrets set [^A-Z]*)?((?!FAS_)[A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name),
  ),
)

test('fly.toml and the secrets of its guide are all that the service asks for, and nothing that it does not know', () => {
  const known = Object.keys(Environment.properties)
  const given = new Set([...Object.keys(env), ...secrets])
  expect(secrets.size).toBeGreaterThan(10)
  expect((Environment.required as string[]).filter((name) => !given.has(name) && needed(name))).toEqual([])
  expect([...given].filter((name) => !known.includes(name ?? ''))).toEqual([])
})

test('nothing in fly.toml is a secret', () => {
  const properties = Environment.properties as Record<string, { secret?: string }>
  expect(Object.keys(env).filter((name) => properties[name]?.secret)).toEqual([])
})

test('production takes what fly.toml sets', () => {
  expect(problemsOf(production(env))).toEqual([])
  const { edge, http, database } = loadConfig(production(env))
  expect([edge.trustProxy, edge.hosts]).toEqual([['fly'], [`${app}.fly.dev`]])
  expect([http.host, http.port, edge.metricsPort]).toEqual(['0.0.0.0', 8080, 9091])
  // Managed Postgres ends a connection after ten minutes.
  expect(database.connectionLifetime).toBeLessThan(600_000)
})

/** Whether it has no default. */
function needed(name: string): boolean {
  return (Environment.properties as Record<string, { default?: unknown }>)[name]?.default === undefined
}
