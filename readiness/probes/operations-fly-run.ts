// Does what fly.toml says, on this machine: the release command as the owner on an empty database, then the processes with its
// variables and with secrets of the probe, asked at its ports as Fly asks, and ended by its signal.
import { randomBytes } from 'node:crypto'
import { Agent, get } from 'node:http'
import process from 'node:process'
import { Redis } from 'ioredis'
import type { Context } from '../context/context.ts'
import { red } from '../control.ts'
import type { FlyConfig, FlyService } from './operations-fly-keys.ts'

type Env = Record<string, string>
type Running = ReturnType<Context['start']>
type Answer = { status: number; text: string; limit: string }
/** Milliseconds for what has to happen soon, on a busy machine. */
const patience = 30_000

export async function runFly(context: Context, config: FlyConfig, service: FlyService) {
  const database = await context.sql.emptyDatabase()
  const secrets = await secretsOf(context, database)
  // All ports are as in the file, at an address that nobody else uses.
  const at = process.platform === 'linux' ? `127.55.${process.pid & 255}.${(process.pid >> 8) & 255}` : '127.0.0.1'
  const env = { ...config.env, HOST: at, ...secrets }
  await release(context, config, { ...env, DATABASE_OWNER_URL: database.ownerUrl })
  const start = (group: string, ...before: string[]) => startAs(context, config.processes?.[group], env, before)
  const running = { api: start('api', '--import', 'readiness/probes/operations-fly-proxy.ts'), worker: start('worker') }
  const ask = (port: number, path: string, headers: Env = {}, from?: string) =>
    askAt(`http://${at}:${port}`, path, headers, from)

  const checks = [
    ...(service.checks ?? []).map((check) => ({ ...check, port: service.internal_port, of: 'api' as const })),
    ...Object.values(config.checks ?? {}).map((check) => ({ ...check, of: groupOf(check.processes) })),
  ]
  for (const group of ['api', 'worker'] as const) {
    const own = checks.filter(({ of }) => of === group)
    if (own.length === 0) red('not-checked', group)
    for (const { port, path, headers } of own) await isWell(context, running[group], () => ask(port, path, headers))
    await hasMetrics(context, config, group, ask)
  }
  await isAsked(config, service, ask)
  const ended = await end(context, config, service, running, ask)
  return { checks: checks.map(({ port, path }) => `${port}${path}`), secondsToEnd: ended }
}

type Ask = (port: number, path: string, headers?: Env, from?: string) => Promise<Answer>

/** Production refuses what has no password, so Redis gets one. Nobody answers mail. */
async function secretsOf({ redis, env }: Context, { appUrl }: { appUrl: string }): Promise<Env> {
  const password = randomBytes(24).toString('hex')
  await using closing = new AsyncDisposableStack()
  const client = closing.adopt(new Redis(redis.url), (opened) => opened.disconnect())
  await client.config('SET', 'requirepass', password)
  const store = redis.url.replace('redis://', `redis://:${password}@`)
  const own = ['TOKEN_SIGNING_KEY', 'APP_SECRET', 'ENCRYPTION_KEYS', 'PAYMENTS_SECRET_KEY', 'PAYMENTS_WEBHOOK_SECRETS']
  return {
    ...Object.fromEntries(own.map((name) => [name, env[name] ?? ''])),
    DATABASE_URL: appUrl,
    DATABASE_DIRECT_URL: appUrl,
    ...{ REDIS_URL: store, LIMITS_REDIS_URL: store, CACHE_REDIS_URL: store },
    SMTP_URL: `smtp://mail:${password}@127.0.0.1:1`,
    MAIL_FROM: 'seaworthy@seaworthy.test',
    SECURITY_CONTACT: 'mailto:security@seaworthy.test',
  }
}

/** A command of the file, in the tree, with nothing in its environment but what a machine would have. */
function startAs({ start, env }: Context, command: string | undefined, own: Env, before: string[] = []): Running {
  const [program, ...words] = command?.split(/\s+/) ?? []
  if (program !== 'node') red('not-a-command-of-the-image', command)
  const bare = Object.fromEntries(Object.keys(env).map((name) => [name, undefined])) as Record<string, never>
  return start([...before, ...words], { ...bare, ...own })
}

async function release(context: Context, { deploy }: FlyConfig, env: Env): Promise<void> {
  const run = async () => {
    const running = startAs(context, deploy?.release_command, env)
    const timer = setTimeout(() => running.child.kill('SIGKILL'), patience)
    const { code } = await running.ended
    clearTimeout(timer)
    if (code !== 0) red('release-command-fails', `${code} ${running.said().slice(-500)}`)
    return running.said()
  }
  await run()
  const again = await run()
  if (!/up to date/.test(again)) red('does-not-migrate', again.slice(-500))
}

/** From an address of its own, which says who the connection comes from. */
function askAt(url: string, path: string, headers: Env, from?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      headers,
      agent: new Agent(),
      signal: AbortSignal.timeout(5000),
      ...(from && { localAddress: from }),
    }
    get(new URL(path, url), options, async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString()
      resolve({ status: answer.statusCode ?? 0, text, limit: String(answer.headers.ratelimit ?? '') })
    }).once('error', reject)
  })
}

const groupOf = (processes: string[] = []): 'api' | 'worker' => (processes.includes('worker') ? 'worker' : 'api')

/** Answers 200 to the check, whose Host is the address of the machine; until then it may not listen yet. */
async function isWell({ until }: Context, running: Running, ask: () => Promise<Answer>): Promise<void> {
  let last = 'no answer'
  const ended = running.ended.then(({ code }) => `it ended with ${code}`)
  await until(
    'check-fails',
    async () => {
      const over = await Promise.race([ended, ask().catch(({ message }: Error) => message)])
      if (typeof over !== 'string' && over.status === 200) return true
      last = typeof over === 'string' ? over : `${over.status} ${over.text.slice(0, 300)}`
      if (last.startsWith('it ended')) red('does-not-start', `${last}: ${running.said().slice(-500)}`)
      // What is no path of the service will never be one.
      return typeof over !== 'string' && over.status < 500 ? red('check-fails', last) : false
    },
    { within: patience },
  ).catch((error: Error) => {
    throw Object.assign(error, { message: `${error.message}: ${last}` })
  })
}

/** Each group is scraped, and what is served there is its own. */
async function hasMetrics({ until }: Context, { metrics = [] }: FlyConfig, group: 'api' | 'worker', ask: Ask) {
  const own = Array.isArray(metrics) ? metrics.find(({ processes }) => processes.includes(group)) : metrics
  const { port, path } = own ?? red('not-scraped', group)
  const telling = { api: 'seaworthy_requests_in_progress ', worker: 'seaworthy_queue_oldest_waiting_seconds{' }
  await until(
    'no-metrics-there',
    async () => {
      const answer = await ask(port, path).catch(() => undefined)
      return answer?.status === 200 && answer.text.includes(`\n${telling[group]}`)
    },
    { within: 5000 },
  )
}

/** As the proxy hands requests on: by the name of the app, over IPv4, with the caller in a field of its own. */
async function isAsked({ env }: FlyConfig, { internal_port: port }: FlyService, ask: Ask): Promise<void> {
  const host = new URL(env.PUBLIC_URL ?? '').host
  const left = async (client: string, from = '127.16.0.9') => {
    const answer = await ask(port, '/v1/jobs', { host, 'fly-client-ip': client }, from)
    if (answer.status !== 200) red('not-answered', `${answer.status} ${answer.text.slice(0, 300)}`)
    return Number(/r=(\d+)/.exec(answer.limit)?.[1] ?? red('no-limit'))
  }
  if (process.platform !== 'linux') return
  const [first, second, other] = [await left('198.51.100.1'), await left('198.51.100.1'), await left('198.51.100.2')]
  if (!(second < first && other === first)) red('callers-are-one', `${first}, ${second}, ${other}`)
  // From anywhere else, the field is what somebody wrote.
  const direct = [await left('198.51.100.3', '127.17.0.9'), await left('198.51.100.4', '127.17.0.9')]
  if (!(Number(direct[1]) < Number(direct[0]))) red('anyone-speaks-for-others', direct.join())
}

/** Ready turns 503 while requests are still answered, then each ends by itself, in time. */
async function end(
  { until }: Context,
  { kill_signal: signal = 'SIGINT', kill_timeout: seconds = 5 }: FlyConfig,
  { internal_port: port }: FlyService,
  running: { api: Running; worker: Running },
  ask: Ask,
): Promise<number> {
  const begun = performance.now()
  for (const { child } of Object.values(running)) child.kill(signal as NodeJS.Signals)
  await until('does-not-drain', async () => (await ask(port, '/health/ready').catch(() => undefined))?.status === 503, {
    within: 5000,
  })
  if ((await ask(port, '/health/live').catch(() => undefined))?.status !== 200) red('closes-at-once')
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), seconds * 1000).unref()
  })
  for (const [group, { ended, said }] of Object.entries(running)) {
    const outcome = await Promise.race([ended, late])
    if (!outcome) red('ends-too-late', group)
    if (outcome.code !== 0) red('ends-badly', `${group} ${outcome.code} ${outcome.signal}: ${said().slice(-300)}`)
  }
  return Math.round((performance.now() - begun) / 1000)
}
