import { describe, expect, test } from 'vitest'
import { databaseUrl, given, problemsOf, production, random } from '../test/configuration.ts'
import { makeSecrets } from '../tools/development-secrets.ts'
import { loadConfig, loadMigrationConfig } from './config.ts'

describe('embedded mode', () => {
  const embedded = { REDIS_URL: '', QUEUE_DATABASE_URL: databaseUrl('any') }

  test('development may keep its jobs in PostgreSQL', () => {
    expect(loadConfig(given(embedded)).queues.store).toEqual({ postgres: databaseUrl('any') })
  })

  test('with REDIS_URL they are kept there', () => {
    expect(loadConfig(given({ ...embedded, REDIS_URL: 'redis://127.0.0.1:6379' })).queues.store).toEqual({
      redis: 'redis://127.0.0.1:6379',
    })
  })

  test.each([undefined, '', 'production'])('production needs Redis: NODE_ENV %j', (NODE_ENV) => {
    expect(problemsOf(production({ ...embedded, NODE_ENV }))).toEqual([expect.stringMatching(/^REDIS_URL is missing/)])
  })
})

describe('production', () => {
  test('good secrets are taken', () => {
    expect(loadConfig(production()).production).toBe(true)
  })

  test.each([undefined, ''])('NODE_ENV left out or empty is production: %j', (NODE_ENV) => {
    expect(loadConfig(production({ NODE_ENV })).production).toBe(true)
    expect(problemsOf(production({ NODE_ENV, APP_SECRET: 'short' }))).toHaveLength(1)
  })

  test('a secret that production refuses is taken in development', () => {
    expect(problemsOf(given({ NODE_ENV: 'development', APP_SECRET: 'short' }))).toEqual([])
  })

  test('a bucket is not reached in clear', () => {
    const at = (endpoint: string) => production({ UPLOADS_URL: `s3://bucket?endpoint=${endpoint}` })
    expect(problemsOf(at('http://s3.seaworthy.test'))).toEqual([
      'UPLOADS_URL has to name an endpoint that starts with https:// in production',
    ])
    expect(problemsOf(at('https://s3.seaworthy.test'))).toEqual([])
  })

  test('any origin may call in development, and never in production', () => {
    expect(problemsOf(given({ NODE_ENV: 'development', CORS_ORIGINS: '*' }))).toEqual([])
    expect(problemsOf(production({ CORS_ORIGINS: 'https://app.seaworthy.test, *' }))).toEqual([
      'CORS_ORIGINS may not be * in production: list the origins',
    ])
  })

  const development = makeSecrets()

  test.each<[string, string, string]>([
    ['APP_SECRET', 'APP_SECRET is missing', ''],
    ['APP_SECRET', 'APP_SECRET is shorter than 32 characters', random().slice(0, 31)],
    ['APP_SECRET', 'APP_SECRET is a placeholder', 'change-me-change-me-change-me-change-me'],
    ['APP_SECRET', 'APP_SECRET repeats the same few characters', 'abc'.repeat(20)],
    ['APP_SECRET', 'APP_SECRET is a development secret', development.APP_SECRET],
    ['TOKEN_SIGNING_KEY', 'TOKEN_SIGNING_KEY is missing', ''],
    ['TOKEN_SIGNING_KEY', 'TOKEN_SIGNING_KEY is a development secret', development.TOKEN_SIGNING_KEY],
    ['DATABASE_URL', 'DATABASE_URL has no password', 'postgres://service@db.internal/seaworthy'],
    ['DATABASE_URL', 'The password in DATABASE_URL is shorter than 16', databaseUrl(random().slice(0, 15))],
    ['DATABASE_URL', 'The password in DATABASE_URL is a placeholder', databaseUrl('change%2Dme-0123456789')],
    ['DATABASE_URL', 'The password in DATABASE_URL repeats', databaseUrl('0'.repeat(20))],
    ['DATABASE_URL', 'The password in DATABASE_URL is a development', databaseUrl(development.appPassword)],
  ])('%s is refused: %s', (name, problem, value) => {
    expect(problemsOf(production({ [name]: value }))).toEqual([expect.stringMatching(`^${problem}`)])
  })

  test('the password of the owner is held to the same, before migrations run', () => {
    const weak = { DATABASE_OWNER_URL: databaseUrl(development.ownerPassword) }
    expect(problemsOf(weak, loadMigrationConfig)).toEqual([
      'The password in DATABASE_OWNER_URL is a development secret: make a new one',
    ])
  })

  test('all weak secrets are named at once, beside what is malformed', () => {
    const { TOKEN_SIGNING_KEY, APP_SECRET, appPassword } = development
    const weak = { TOKEN_SIGNING_KEY, APP_SECRET, DATABASE_URL: databaseUrl(appPassword), PORT: 'http' }
    expect(problemsOf(production(weak)).map((problem) => /[A-Z]+_[A-Z_]+|PORT/.exec(problem)?.[0])).toEqual([
      'PORT',
      'DATABASE_URL',
      'TOKEN_SIGNING_KEY',
      'APP_SECRET',
    ])
  })
})
