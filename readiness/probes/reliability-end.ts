// How a process ends by itself: on an error that nobody caught, and on a configuration that it can't use.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { ErrorEvent } from '../context/error-receiver.ts'
import type { Door } from '../context/stack.ts'
import { type Evidence, red } from '../control.ts'
import { hasEnded, outcome, together } from './reliability-scene.ts'

const preload = ['readiness/probes/reliability-uncaught.ts']

export async function endsInGoodOrder(context: Context): Promise<Evidence> {
  const { startApi, sql, until, apiAt, errors } = context
  const [thrower, rejecter] = await together(startApi({}, preload), startApi({}, preload))
  const held = await sql.hold('jobs')
  const inFlight = [thrower, rejecter].map(({ url }) => outcome(apiAt(url).anonymous('GET', '/v1/jobs')))
  await until('not-in-flight', async () => (await held.waiting()) === 2)
  thrower.child.kill('SIGALRM')
  rejecter.child.kill('SIGURG')
  const told = [thrower, rejecter].map((door, at) => fatalLine(context, door, ['thrown', 'rejected'][at] ?? ''))
  await together(...told)
  const drains = async ({ url }: Door) => {
    const ready = await outcome(apiAt(url).anonymous('GET', '/health/ready'))
    if (ready instanceof Error || ready.status !== 503)
      red('not-drained', ready instanceof Error ? ready.message : String(ready.status))
  }
  await together(drains(thrower), drains(rejecter))
  await held.release()
  for (const sent of inFlight) {
    const answer = await sent
    if (answer instanceof Error || answer.status !== 200)
      red('in-flight-cut-off', answer instanceof Error ? answer.message : String(answer.status))
  }
  await until('goes-on', () => hasEnded(thrower) && hasEnded(rejecter))
  const codes = [thrower, rejecter].map(({ child }) => child.exitCode ?? 0)
  if (codes.includes(0)) red('exit-code-zero', codes.join())
  for (const word of ['thrown', 'rejected'])
    await until('not-reported', () => errors.events().some(saysOf(word)), { within: 2000 })
  return {
    thrown: `exit code ${codes[0]}`,
    rejected: `exit code ${codes[1]}`,
    inFlight: '200',
    logged: 'fatal',
    reported: 2,
  }
}

const saysOf =
  (word: string) =>
  ({ release, exception }: ErrorEvent): boolean =>
    Boolean(release && exception?.values?.[0]?.value?.startsWith(word))

function fatalLine({ until }: Context, door: Door, word: string): Promise<unknown> {
  const isIt = ({ level, err }: Record<string, unknown>) =>
    level === 'fatal' && String((err as { message?: string } | undefined)?.message).startsWith(word)
  return until('not-logged', () => door.lines().some(isIt), { within: 5000 })
}

// No variable takes it, and what a secret holds has to stay out of what is said.
const nonsense = '?! '.repeat(100)
const told = 'hunter2-of-the-probe'

/** Reads the list of variables where operators read it. */
function variables({ tree }: Context) {
  const text = readFileSync(join(tree, '.env.example'), 'utf8')
  const all = [...text.matchAll(/^((?:#[^\n]*\n)*)(#?)([A-Z][A-Z0-9_]*)=/gm)].map(
    ([, about = '', hash, name = '']) => ({
      name,
      required: hash === '',
      secret: about.includes(`${name}_FILE works`),
    }),
  )
  // One is read by migrations alone, the other only where there is no Redis.
  return all.filter(({ name }) => !['DATABASE_OWNER_URL', 'QUEUE_DATABASE_URL'].includes(name))
}

export async function refusesToStart(context: Context): Promise<Evidence> {
  const { finish } = context
  const all = variables(context)
  const required = all.filter((one) => one.required).map(({ name }) => name)
  const malformed = all.filter(({ name }) => name !== 'APP_SECRET')
  const values = malformed.map(({ name, secret }) => [name, secret ? `${told} ${nonsense}` : nonsense])
  const [missing, wrong, single] = await together(
    finish(['src/server.ts'], Object.fromEntries(required.map((name) => [name, '']))),
    // Any text is an APP_SECRET outside of production, so that one is missing among those that are malformed.
    finish(['src/worker.ts'], { ...Object.fromEntries(values), APP_SECRET: '' }),
    startsNothing(context),
  )
  for (const { code, said } of [missing, wrong, single])
    if (code !== 78) red('exit-code', `${code}: ${said.slice(0, 300)}`)
  for (const name of required)
    if (!missing.said.includes(`\n  ${name} is missing`)) red('not-named', `${name} is missing`)
  for (const { name } of malformed)
    if (!wrong.said.includes(`\n  ${name} should be `)) red('not-named', `${name} is malformed`)
  if (!wrong.said.includes('\n  APP_SECRET is missing')) red('not-named', 'APP_SECRET is missing among others')
  if (!single.said.includes('PORT should be a whole number from 0 to 65535, not "eighty"'))
    red('type-not-told', single.said)
  for (const { said } of [missing, wrong, single]) if (said.includes(told)) red('secret-told')
  return { missing: required.length, malformed: malformed.length, exitCode: 78, connections: 0 }
}

/** One variable is wrong, and the rest leads to a server that counts who comes. */
async function startsNothing({ finish, env }: Context) {
  let comers = 0
  const server = createServer((socket) => {
    comers++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = `127.0.0.1:${(server.address() as { port: number }).port}`
  try {
    const urls = {
      DATABASE_URL: `postgres://someone:${told}@${at}/nothing`,
      REDIS_URL: `redis://:${told}@${at}`,
      SMTP_URL: `smtp://someone:${told}@${at}`,
    }
    const ended = await finish(['src/server.ts'], { ...env, ...urls, PORT: 'eighty' })
    if (comers > 0 || ended.said.includes('Server listening')) red('half-started', `${comers} connections`)
    return ended
  } finally {
    server.close()
  }
}
