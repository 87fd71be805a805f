// SEC-27: what production says to each kind of secret that is none, and that good ones are taken, from files too.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeSecrets } from '../../tools/development-secrets.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

type Env = Record<string, string>
/** A start that has to be refused, each name of `env` being the reason for it. */
type Refusal = { kind: string; door?: string; env: Env; settings?: Env }

/** 78 is EX_CONFIG of sysexits.h. */
const refused = 78

export async function productionRefusesWeakSecrets(context: Context): Promise<Evidence> {
  const good = goodSecrets(context)
  knowsEverySecret(context, good)
  const refusals = refusalsOf(good)
  const exits: string[] = []
  // Two at a time: each is a process.
  for (let at = 0; at < refusals.length; at += 2) {
    const pair = await Promise.all(refusals.slice(at, at + 2).map((refusal) => start(context, good, refusal)))
    for (const outcome of pair) exits.push(judge(outcome))
  }
  const fromFiles = await takesSecretsFromFiles(context, good)
  return { refused: exits, secretsInWhatTheySaid: 0, fromFiles }
}

/** QUEUE_DATABASE_URL is read in development only, so production has nothing to refuse. */
function knowsEverySecret({ tree }: Context, good: Env): void {
  const known = [...Object.keys(good), 'DATABASE_OWNER_URL', 'QUEUE_DATABASE_URL']
  const listed = [...readFileSync(join(tree, '.env.example'), 'utf8').matchAll(/([A-Z_]+)_FILE works/g)]
  const missed = listed.map(([, name = '']) => name).filter((name) => !known.includes(name))
  if (listed.length !== known.length || missed.length > 0) red('secret-not-probed', missed.join(', '))
}

/** What production takes. Nothing listens behind the database of the refused ones, so that a start that is not refused ends too. */
function goodSecrets({ env }: Context) {
  const random = () => randomBytes(32).toString('base64url')
  return {
    APP_SECRET: random(),
    ENCRYPTION_KEYS: `2026-11:${randomBytes(32).toString('base64')}`,
    PAYMENTS_SECRET_KEY: `sk_live_${random()}`,
    PAYMENTS_WEBHOOK_SECRETS: `whsec_${random()}`,
    TOKEN_SIGNING_KEY: String(env.TOKEN_SIGNING_KEY),
    DATABASE_URL: databaseUrl(random()),
    DATABASE_DIRECT_URL: databaseUrl(random()),
    REDIS_URL: redisUrl(random()),
    LIMITS_REDIS_URL: redisUrl(random()),
    CACHE_REDIS_URL: redisUrl(random()),
    SMTP_URL: smtpUrl(random()),
  }
}

const databaseUrl = (password: string) => `postgres://service:${password}@127.0.0.1:1/seaworthy`
const redisUrl = (password: string) => `redis://:${password}@127.0.0.1:1/0`
const smtpUrl = (password: string) => `smtp://service:${password}@127.0.0.1:1`
const urls = (password: string) => ({
  DATABASE_URL: databaseUrl(password),
  DATABASE_DIRECT_URL: databaseUrl(password),
  REDIS_URL: redisUrl(password),
  LIMITS_REDIS_URL: redisUrl(password),
  CACHE_REDIS_URL: redisUrl(password),
  SMTP_URL: smtpUrl(password),
})
const pem = (kind: 'ed25519' | 'ed448') =>
  generateKeyPairSync(kind as 'ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()

function refusalsOf(good: ReturnType<typeof goodSecrets>): Refusal[] {
  // Those that have to be there: the others are for deployments with a pooler, or with several Redis servers.
  const { DATABASE_DIRECT_URL: _, LIMITS_REDIS_URL: __, CACHE_REDIS_URL: ___, ...needed } = good
  const missing = Object.fromEntries(Object.keys(needed).map((name) => [name, '']))
  const development = makeSecrets()
  const { ownerPassword: ____, appPassword, ...own } = development
  const made = { ...own, ...urls(appPassword) }
  const [short, sample] = [
    randomBytes(32).toString('base64url').slice(0, 15),
    'change-me-change-me-change-me-change-me',
  ]
  const nowhere = join(import.meta.dirname, 'nowhere.pem')
  return [
    { kind: 'missing-secret', env: missing },
    { kind: 'missing-secret', env: missing, settings: { NODE_ENV: 'development' } },
    { kind: 'missing-secret', env: { DATABASE_OWNER_URL: '' }, door: 'src/migrate.ts' },
    { kind: 'short-secret', env: { APP_SECRET: short.repeat(2), TOKEN_SIGNING_KEY: short, ...urls(short) } },
    {
      kind: 'placeholder-secret',
      env: { APP_SECRET: sample, TOKEN_SIGNING_KEY: `EXAMPLE\n${pem('ed25519')}`, ...urls(sample) },
    },
    { kind: 'development-secret', env: made },
    {
      kind: 'development-secret',
      env: { DATABASE_OWNER_URL: databaseUrl(development.ownerPassword) },
      door: 'src/migrate.ts',
    },
    {
      kind: 'repetitive-secret',
      door: 'src/worker.ts',
      env: { APP_SECRET: 'abc'.repeat(20), TOKEN_SIGNING_KEY: pem('ed448'), ...urls('01'.repeat(16)) },
    },
    {
      kind: 'empty-password',
      env: Object.fromEntries(Object.entries(urls('')).map(([name, url]) => [name, url.replace(/\/\/\w*:@/, '//')])),
    },
    {
      kind: 'bad-file',
      env: { TOKEN_SIGNING_KEY: '', APP_SECRET: good.APP_SECRET },
      settings: { TOKEN_SIGNING_KEY_FILE: nowhere, APP_SECRET_FILE: nowhere },
    },
  ]
}

async function start(context: Context, good: Env, { kind, door = 'src/server.ts', env, settings = {} }: Refusal) {
  const production = {
    ...{ NODE_ENV: 'production', PUBLIC_URL: 'https://api.seaworthy.test', MAIL_FROM: 'no-reply@seaworthy.test' },
    ...{ DATABASE_CONNECT_TIMEOUT_MS: '100', DATABASE_START_TIMEOUT_MS: '100' },
  }
  const { code, said } = await context.finish([door], { ...production, ...good, ...env, ...settings })
  return { kind, door, env, code, said }
}

function judge({ kind, door, env, code, said }: Awaited<ReturnType<typeof start>>): string {
  for (const [name, value] of Object.entries(env)) {
    if (!new RegExp(`\\b${name}\\b`).test(said)) red(`${kind}-taken`, `${door}, ${name}: ${said}`)
    for (const secret of secretsIn(value)) if (said.includes(secret)) red('secret-said', `${door}, ${name}`)
  }
  if (code !== refused) red('exit-is-not-78', `${door}, ${kind}: ${code}`)
  return `${kind}: ${Object.keys(env).length} by ${door}, exit ${code}`
}

/** The parts of a value that nobody may read: its lines, and the password of a URL. */
function secretsIn(value: string): string[] {
  const lines = value.split('\n').filter((line) => line !== '' && !line.startsWith('-----'))
  const passwords = lines.flatMap((line) => /^\w+:\/\/[^:/]*:([^@]+)@/.exec(line)?.[1] ?? [])
  return [...lines, ...passwords].filter((part) => part.length > 8)
}

/** A production whose secrets all come from files, by a line with its end: it takes the tokens of the stack, whose key it shares. */
async function takesSecretsFromFiles(context: Context, good: Env): Promise<string[]> {
  const folder = context.folder()
  const databases = {
    DATABASE_URL: String(context.env.DATABASE_URL),
    DATABASE_DIRECT_URL: String(context.env.DATABASE_URL),
  }
  const secrets: Env = { ...good, ...databases }
  const files: Env = { NODE_ENV: 'production', PAYMENTS_URL: 'https://payments.example' }
  for (const [name, value] of Object.entries(secrets)) {
    const path = join(folder, name)
    writeFileSync(path, `${value}\n`, { mode: 0o600 })
    Object.assign(files, { [name]: '', [`${name}_FILE`]: path })
  }
  const server = context.start(['src/server.ts'], files)
  const [, url] = await server.until(/Server listening at (http:[^"]+)/).catch(() => [])
  if (!url) red('file-ignored', server.said())
  const { call, token } = await context.api.as('client')
  const [here, there] = [await call('GET', '/v1/me'), await context.apiAt(url).withToken(token)('GET', '/v1/me')]
  server.child.kill('SIGTERM')
  await server.ended
  if (here.status !== 200 || there.status !== 200) red('file-not-read', `${here.status} ${there.status}`)
  for (const secret of Object.values(secrets).flatMap(secretsIn)) if (server.said().includes(secret)) red('secret-said')
  return Object.keys(secrets)
}
