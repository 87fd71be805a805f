import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { given, pem, problemsOf, production, random } from '../test/configuration.ts'
import { openSecretsSandbox } from '../tools/secrets-sandbox.ts'
import { ConfigError, configReader, loadConfig } from './config.ts'

const sandbox = await openSecretsSandbox()
const folder = await mkdtemp(join(tmpdir(), 'seaworthy-config-'))
afterAll(async () => {
  await sandbox.close()
  await rm(folder, { recursive: true })
})
// The SDK finds its credentials there.
for (const [name, value] of Object.entries(sandbox.env)) vi.stubEnv(name, value)

describe('a secrets manager', () => {
  const reader = (changes: Record<string, string | undefined> = {}) =>
    configReader(given({ ...sandbox.env, APP_SECRET: undefined, ...changes }))
  const refused = async (read: () => Promise<unknown>) =>
    read().then(
      () => ['taken'],
      (error) => (error instanceof ConfigError ? error.problems : [String(error)]),
    )

  test('holds secrets by their names, which are read each time', async () => {
    const read = reader()
    sandbox.hold(JSON.stringify({ APP_SECRET: 'first' }))
    expect((await read()).secret).toBe('first')
    sandbox.hold(JSON.stringify({ APP_SECRET: 'second' }))
    expect((await read()).secret).toBe('second')
  })

  test('may hold what is not ours, and sets nothing but secrets', async () => {
    sandbox.hold(JSON.stringify({ APP_SECRET: 'any', PORT: '1', NODE_ENV: 'production', username: 'ada' }))
    expect((await reader()()).http.port).toBe(loadConfig(given()).http.port)
  })

  test('is no second place for a secret', async () => {
    sandbox.hold(JSON.stringify({ APP_SECRET: 'any' }))
    expect(await refused(reader({ APP_SECRET: 'other' }))).toEqual([
      'APP_SECRET is set twice: by APP_SECRET and by AWS_SECRET_ID',
    ])
    const path = join(folder, 'secret')
    await writeFile(path, 'any')
    expect(await refused(reader({ APP_SECRET_FILE: path }))).toEqual([
      'APP_SECRET is set twice: by APP_SECRET_FILE and by AWS_SECRET_ID',
    ])
  })

  test('is named when it can’t be read, and when what it holds is malformed', async () => {
    sandbox.hold(undefined)
    expect(await refused(reader())).toEqual([
      "AWS_SECRET_ID names seaworthy/sandbox, which can't be read: There is none",
    ])
    sandbox.hold(JSON.stringify({ APP_SECRET: 'any', TOKEN_SIGNING_KEY: 'hunter2' }))
    expect(await refused(reader({ TOKEN_SIGNING_KEY: undefined }))).toEqual([
      expect.stringMatching(/^TOKEN_SIGNING_KEY should be (?!.*hunter2)/),
    ])
  })

  test('is held to the rules of production, and is not asked in clear there', async () => {
    sandbox.hold(JSON.stringify({ APP_SECRET: 'short' }))
    const [reads, settings] = [sandbox.reads(), production({ ...sandbox.env, APP_SECRET: undefined })]
    expect(await refused(configReader(settings))).toContain(
      'AWS_ENDPOINT_URL_SECRETS_MANAGER has to start with https:// in production',
    )
    expect(sandbox.reads()).toBe(reads)
    const weak = production({ APP_SECRET: undefined })
    expect(problemsOf(weak, (source) => loadConfig(source, { APP_SECRET: 'short' }))).toEqual([
      'APP_SECRET is shorter than 32 characters: make a new one',
    ])
  })
})

describe('signing keys', () => {
  test('may be several', () => {
    expect(problemsOf(production({ TOKEN_SIGNING_KEY: `${pem('ed25519')}${pem('ed25519')}` }))).toEqual([])
  })

  test.each([
    ['one is of another kind', pem('ed25519') + pem('ed448')],
    ['one is cut off', pem('ed25519') + pem('ed25519').slice(0, 60)],
  ])('are refused when %s', (_, text) => {
    expect(problemsOf(given({ TOKEN_SIGNING_KEY: text }))).toEqual([expect.stringMatching(/^TOKEN_SIGNING_KEY should/)])
  })
})

describe('another issuer', () => {
  const external = {
    EXTERNAL_ISSUER: 'https://login.seaworthy.test/',
    EXTERNAL_AUDIENCE: random(),
    EXTERNAL_JWKS_URL: 'https://login.seaworthy.test/jwks.json',
  }

  test('is known by all of its variables', () => {
    expect(problemsOf(production(external))).toEqual([])
    expect(loadConfig(given()).external).toBeUndefined()
  })

  test.each(Object.keys(external))('is refused without %s', (name) => {
    expect(problemsOf(given({ ...external, [name]: undefined }))).toEqual([
      `${name} is missing beside the other EXTERNAL_*`,
    ])
  })

  test('is not ourselves, and in production not asked in clear', () => {
    const own = { ...external, EXTERNAL_ISSUER: 'https://api.seaworthy.test' }
    expect(problemsOf(production(own))).toEqual(['EXTERNAL_ISSUER is PUBLIC_URL, the issuer of our own tokens'])
    const inClear = { ...external, EXTERNAL_JWKS_URL: 'http://login.seaworthy.test/jwks.json' }
    expect(problemsOf(given({ NODE_ENV: 'development', ...inClear }))).toEqual([])
    expect(problemsOf(production(inClear))).toEqual(['EXTERNAL_JWKS_URL has to start with https:// in production'])
  })
})
