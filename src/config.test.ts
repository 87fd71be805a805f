import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { TSchema } from 'typebox'
import { afterAll, describe, expect, test } from 'vitest'
import { databaseUrl, given, pem, problemsOf, production, random } from '../test/configuration.ts'
import { run } from '../test/run.ts'
import { ConfigError, loadConfig, loadMigrationConfig } from './config.ts'
import { Environment } from './environment.schemas.ts'

type Bounded = TSchema & { minimum?: number; maximum?: number }

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-config-'))
afterAll(() => rm(folder, { recursive: true }))

async function fileWith(text: string): Promise<string> {
  const path = join(folder, random())
  await writeFile(path, text)
  return path
}

describe('reading', () => {
  test('a variable that is not set, or empty, has its default', () => {
    expect(loadConfig(given({ PORT: undefined, LOG_LEVEL: '' }))).toMatchObject({
      http: { port: 8080 },
      log: { level: 'info' },
    })
  })

  test('a number is a number in the result', () => {
    expect(loadConfig(given({ PORT: '9000', DATABASE_POOL_MAX: '3' }))).toMatchObject({
      http: { port: 9000 },
      database: { poolMax: 3 },
    })
  })

  test('the disk that is watched is that of the log file, where there is one', () => {
    expect(loadConfig(given({ LOG_FILE: '/var/log/seaworthy/api.log' })).disk).toBe('/var/log/seaworthy')
    expect(loadConfig(given()).disk).toBe(process.cwd())
  })

  test('the public URL loses the slashes at its end, so that paths can follow', () => {
    expect(loadConfig(given({ PUBLIC_URL: 'https://api.seaworthy.test//' })).publicUrl).toBe(
      'https://api.seaworthy.test',
    )
  })

  test('the result is frozen to its depth', () => {
    const config: Record<string, unknown> = loadConfig(given())
    const parts = Object.values(config).filter((part) => typeof part === 'object')
    expect(parts.length).toBeGreaterThan(3)
    expect([config, ...parts].every(Object.isFrozen)).toBe(true)
  })

  test('migrations need the URL of the owner and nothing else', () => {
    const ownerUrl = databaseUrl(random())
    expect(loadMigrationConfig({ DATABASE_OWNER_URL: ownerUrl })).toEqual({ ownerUrl })
    expect(problemsOf({}, loadMigrationConfig)).toEqual([expect.stringMatching(/^DATABASE_OWNER_URL is missing/)])
  })

  test('the service does not need the URL of the owner', () => {
    expect(problemsOf(given({ DATABASE_OWNER_URL: 'nonsense' }))).toEqual([])
  })
})

describe('refusing', () => {
  test('all that is missing is named at once, with what it should be', () => {
    expect(problemsOf({})).toEqual([
      'PUBLIC_URL is missing: it should be a valid URL that starts with https:// or http://',
      'SECURITY_CONTACT is missing: it should be where flaws are reported, such as mailto:security@your-domain or an https:// page, separated by commas',
      'DATABASE_URL is missing: it should be a valid URL that starts with postgres:// or postgresql://, or DATABASE_URL_FILE the path of a file with it',
      'SMTP_URL is missing: it should be a valid URL that starts with smtp:// or smtps://, or SMTP_URL_FILE the path of a file with it',
      'MAIL_FROM is missing: it should be an e-mail address',
      'TOKEN_SIGNING_KEY is missing: it should be an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519), or TOKEN_SIGNING_KEY_FILE the path of a file with it',
      'APP_SECRET is missing: it should be a random text of at least 32 characters (openssl rand -base64 32), or APP_SECRET_FILE the path of a file with it',
      'ENCRYPTION_KEYS is missing: it should be keys as name:base64 of 32 bytes, separated by commas (echo "2026-11:$(openssl rand -base64 32)"), or ENCRYPTION_KEYS_FILE the path of a file with it',
      'PAYMENTS_SECRET_KEY is missing: it should be a secret key of the provider (sk_…), or PAYMENTS_SECRET_KEY_FILE the path of a file with it',
      'PAYMENTS_WEBHOOK_SECRETS is missing: it should be signing secrets of webhooks (whsec_…), separated by commas, or PAYMENTS_WEBHOOK_SECRETS_FILE the path of a file with it',
      'REDIS_URL is missing: it should be a valid URL that starts with redis:// or rediss://, or redis-sentinel://:PASSWORD@NAME/0?sentinels=HOST:PORT,HOST:PORT (rediss-sentinel:// for TLS), or REDIS_URL_FILE the path of a file with it',
    ])
  })

  test('the message has all the problems, a line for each', () => {
    const problems = problemsOf({ PORT: 'http' })
    expect(new ConfigError(problems).message.split('\n').slice(1)).toEqual(problems.map((problem) => `  ${problem}`))
    expect(problems).toHaveLength(12)
  })

  const numbers = Object.entries<Bounded>(Environment.properties).flatMap(([name, { minimum, maximum }]) =>
    minimum === undefined || maximum === undefined ? [] : [{ name, minimum, maximum }],
  )

  test('every number is checked, and all that are malformed are named at once', () => {
    const wrong = Object.fromEntries(numbers.map(({ name }) => [name, 'many']))
    const problems = problemsOf(given(wrong))
    expect(problems.length).toBeGreaterThan(10)
    expect(problems).toEqual(
      numbers.map(({ name }) =>
        expect.stringMatching(`^${name} should be a (whole )?number from \\d+ to \\d+, not "many"$`),
      ),
    )
  })

  test.each(numbers)('$name is held to its bounds', ({ name, minimum, maximum }) => {
    const problemsWith = (value: number) => problemsOf(given({ [name]: String(value) }))
    const why = expect.stringMatching(`^${name} should be a (whole )?number from ${minimum} to ${maximum}, `)
    expect([problemsWith(minimum), problemsWith(maximum)]).toEqual([[], []])
    expect([problemsWith(minimum - 1), problemsWith(maximum + 1)]).toEqual([[why], [why]])
  })

  test.each(['80.5', 'true', ' ', '0x50', '8e1', ' 80', '80 ', '+80', 'NaN'])('"%s" is no whole number', (text) => {
    expect(problemsOf(given({ PORT: text }))).toEqual([`PORT should be a whole number from 0 to 65535, not "${text}"`])
  })

  test.each<[string, string]>([
    ['NODE_ENV', 'prod'],
    ['LOG_LEVEL', 'INFO'],
    ['LOG_FORMAT', 'xml'],
    ['DEPLOYMENT', 'Stage 1'],
    ['HOST', 'h'.repeat(256)],
    ['PUBLIC_URL', 'api.seaworthy.test'],
    ['PUBLIC_URL', 'ftp://api.seaworthy.test'],
    ['PUBLIC_URL', 'https://'],
    ['PUBLIC_URL', 'https://api.seaworthy.test:70000'],
    ['TOKEN_AUDIENCE', 'a'.repeat(101)],
    ['DATABASE_URL', 'mysql://service:any@db.internal/seaworthy'],
    ['DATABASE_URL', 'postgres://service:any@db.internal:port/seaworthy'],
    ['DATABASE_URL', 'postgres://service:50%off@db.internal/seaworthy'],
    ['ENCRYPTION_KEYS', 'a key'],
    ['ENCRYPTION_KEYS', '2026:c2hvcnQ='],
    ['PAYMENTS_URL', 'https://api.stripe.test/v1'],
    ['PAYMENTS_SECRET_KEY', 'two words'],
    ['PAYMENTS_WEBHOOK_SECRETS', ' , '],
    ['UPLOADS_URL', 'https://bucket.example.com'],
    ['UPLOADS_URL', 's3://bucket?key=value'],
    ['TOKEN_SIGNING_KEY', 'a key'],
    ['TOKEN_SIGNING_KEY', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'],
    ['TOKEN_SIGNING_KEY', pem('ed448')],
  ])('%s is not %j', (name, value) => {
    expect(problemsOf(given({ [name]: value }))).toEqual([expect.stringMatching(`^${name} should be `)])
  })

  test('no message has the value of a secret', () => {
    const secrets = Object.entries(Environment.properties).filter(([, variable]) => 'secret' in variable)
    expect(secrets.map(([name]) => name)).toEqual([
      'DATABASE_URL',
      'DATABASE_OWNER_URL',
      'DATABASE_DIRECT_URL',
      'REDIS_URL',
      'QUEUE_DATABASE_URL',
      'LIMITS_REDIS_URL',
      'CACHE_REDIS_URL',
      'SMTP_URL',
      'TOKEN_SIGNING_KEY',
      'APP_SECRET',
      'ENCRYPTION_KEYS',
      'PAYMENTS_SECRET_KEY',
      'PAYMENTS_WEBHOOK_SECRETS',
    ])
    const malformed = Object.fromEntries(secrets.map(([name]) => [name, 'hunter2 hunter2']))
    const weak = { DATABASE_URL: databaseUrl('hunter2'), TOKEN_SIGNING_KEY: 'hunter2', APP_SECRET: 'hunter2' }
    const said = [
      problemsOf(given(malformed)),
      problemsOf(malformed, loadMigrationConfig),
      problemsOf(production(weak)),
      problemsOf({ DATABASE_OWNER_URL: databaseUrl('hunter2') }, loadMigrationConfig),
    ]
    expect(said.map(({ length }) => length)).toEqual([10, 1, 3, 1])
    expect(JSON.stringify(said)).not.toContain('hunter2')
  })
})

describe('secrets from files', () => {
  test('a secret comes from the file that NAME_FILE names, without the end of its line', async () => {
    const path = await fileWith('a secret of a file\n')
    const config = loadConfig(given({ APP_SECRET: undefined, APP_SECRET_FILE: path }))
    expect(config.secret).toBe('a secret of a file')
  })

  test('each secret can come from a file', async () => {
    const names = ['DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'TOKEN_SIGNING_KEY', 'APP_SECRET']
    const source = given()
    for (const name of names) {
      source[`${name}_FILE`] = await fileWith(`${source[name]}\n`)
      delete source[name]
    }
    expect(loadConfig(source).database.url).toBe(databaseUrl('any'))
  })

  test('a secret that is set twice is refused', async () => {
    const path = await fileWith('a secret of a file')
    expect(problemsOf(given({ APP_SECRET_FILE: path }))).toEqual([
      'APP_SECRET is set twice: by APP_SECRET and by APP_SECRET_FILE',
    ])
  })

  test('a file that can’t be read is named', () => {
    const path = join(folder, 'nowhere')
    expect(problemsOf(given({ APP_SECRET: undefined, APP_SECRET_FILE: path }))).toEqual([
      `APP_SECRET can't be read: APP_SECRET_FILE names ${path} (ENOENT)`,
    ])
  })

  test('an empty file is a missing secret, and is named', async () => {
    const path = await fileWith('\n')
    expect(problemsOf(given({ APP_SECRET: undefined, APP_SECRET_FILE: path }))).toEqual([
      `APP_SECRET is missing: APP_SECRET_FILE names ${path}, which is empty: it should hold a random text of at least 32 characters (openssl rand -base64 32)`,
    ])
  })
})

describe('as a process', () => {
  test('the service does not start without its variables: exit code 78, and all of them named', async () => {
    const { code, stdout, stderr } = await run(process.execPath, ['src/server.ts'], { env: {} })
    expect([code, stdout]).toEqual([78, ''])
    for (const problem of problemsOf({})) expect(stderr).toContain(problem)
  })

  test('migrations do not start without their variable: exit code 78, and it is named', async () => {
    const { code, stdout, stderr } = await run(process.execPath, ['src/migrate.ts'], { env: {} })
    expect([code, stdout]).toEqual([78, ''])
    expect(stderr).toContain('DATABASE_OWNER_URL is missing')
    expect(stderr).not.toContain('TOKEN_SIGNING_KEY')
  })
})
