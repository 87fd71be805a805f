// REL-06: mail, the cache's Redis, the secrets manager and the keys of another issuer are left alone as payments are.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { openLink } from '../../tools/link.ts'
import { openMailCatcher } from '../../tools/mail-catcher.ts'
import { openSecretsSandbox } from '../../tools/secrets-sandbox.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { stateOf } from './outside-payments.ts'
import { make } from './scene.ts'
import { newSigningKey, openIssuer } from './tokens-scene.ts'

/** Two at a time. */
export async function othersAreLeftAlone(context: Context): Promise<Evidence> {
  const [mail, secrets] = await Promise.all([mailIs(context), secretsAre(context)])
  const [cache, keys] = await Promise.all([cacheIs(context), keysAre(context)])
  return { ...mail, ...secrets, ...cache, ...keys }
}

/** A mail server that greets by a refusal; jobs under way when the breaker opens may still call. */
async function mailIs(context: Context): Promise<Evidence> {
  let connections = 0
  const broken = createServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    socket.end('421 Too busy\r\n')
  })
  await once(broken.listen(0, '127.0.0.1'), 'listening')
  const { port } = broken.address() as AddressInfo
  const worker = await context.startWorker({ SMTP_URL: `smtp://127.0.0.1:${port}` })
  const people = await Promise.all(Array.from({ length: 3 }, () => context.api.as('client')))
  const letters = 10
  for (let turn = 0; turn < letters; turn++)
    await make(context.api.anonymous, 'requestMagicLink', { body: { email: people[turn % 3]?.email } })
  const is = (state: number) => async () => (await stateOf(context, worker, 'mail')) === state
  await context.until('mail-unguarded', is(2), { within: 5000 })
  const before = connections
  await context.until('mail-never-half-open', is(1), { within: 6000 })
  if (connections - before > 5) red('mail-called-while-open', String(connections - before))
  await new Promise((resolve) => broken.close(resolve))
  const catcher = await openMailCatcher({ smtpPort: port })
  await context.until('mail-does-not-return', () => catcher.messages().length >= letters, { within: 12_000 })
  await catcher.close()
  worker.child.kill('SIGTERM')
  return { mail: `${connections} calls, then none; all ${letters} mails came` }
}

async function cacheIs(context: Context): Promise<Evidence> {
  const link = await openLink(Number(new URL(context.redis.url).port))
  const url = context.redis.url.replace(/:\d+(?=\/|$)/, `:${link.port}`)
  const door = await context.startApi({ CACHE_REDIS_URL: url })
  const api = context.apiAt(door.url)
  const is = (state: number) => async () => (await stateOf(context, door, 'cache')) === state
  const look = async () => (await api.anonymous('GET', '/v1/jobs?limit=1')).field('cache-status') ?? ''
  await context.until('cache-not-used', async () => (await look()).includes('hit'))
  await link.cut()
  await context.until('cache-unguarded', async () => (await look()) && is(2)(), { within: 8000 })
  await link.mend()
  const seen = await look()
  if ((await is(2)()) && !seen.includes('fwd=bypass')) red('cache-called-while-open', seen)
  await context.until('cache-does-not-return', async () => (await look()).includes('hit'))
  await link.close()
  return { cache: 'left alone, while each read asked PostgreSQL; then used again' }
}

async function secretsAre(context: Context): Promise<Evidence> {
  const store = await openSecretsSandbox(JSON.stringify({ TOKEN_SIGNING_KEY: newSigningKey() }))
  const door = await context.startApi({ ...store.env, TOKEN_SIGNING_KEY: '', SECRETS_REFRESH_MS: '100' })
  const is = (state: number) => async () => (await stateOf(context, door, 'secrets')) === state
  store.fail(true)
  await context.until('secrets-unguarded', is(2), { within: 8000 })
  const reads = store.reads()
  await context.until('secrets-never-half-open', is(1), { within: 6000 })
  // The trial may have begun between the two looks.
  if (store.reads() - reads > 2) red('secrets-called-while-open', String(store.reads() - reads))
  store.fail(false)
  await context.until('secrets-do-not-return', is(0))
  await store.close()
  return { secrets: 'left alone, while the last good ones went on; then read again' }
}

async function keysAre(context: Context): Promise<Evidence> {
  let asked = 0
  const broken = createHttpServer((_request, answer) => {
    asked += 1
    answer.writeHead(500).end()
  })
  await once(broken.listen(0, '127.0.0.1'), 'listening')
  const issuer = await openIssuer('seaworthy')
  const jwks = `http://127.0.0.1:${(broken.address() as AddressInfo).port}/`
  const env = { ...issuer.env, EXTERNAL_JWKS_URL: jwks, BREAKER_FAILURES: '2', BREAKER_OPEN_MS: '3500' }
  const door = await context.startApi(env)
  const call = context.apiAt(door.url).withToken(await issuer.token({ sub: 'nobody' }))
  const is = (state: number) => async () => (await stateOf(context, door, 'external-keys')) === state
  await context.until('external-keys-unguarded', async () => (await call('GET', '/v1/me')) && is(2)(), { within: 6000 })
  const before = asked
  await context.until('external-keys-never-half-open', async () => (await is(1)()) || !(await call('GET', '/v1/me')))
  // Its time may be over between a look and a call.
  if (asked - before > 1) red('external-keys-called-while-open', String(asked - before))
  issuer.close()
  broken.close()
  broken.closeAllConnections()
  return { externalKeys: `${before} calls, then none for 3.5 s` }
}
