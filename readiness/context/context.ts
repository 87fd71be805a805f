// What a probe may look at and reach for. Each probe has one of its own, with its own people and address; the stack may be shared.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { withClient } from '../../tools/create-database.ts'
import { type Held, holdTable } from '../../tools/hold-table.ts'
import { openLink } from '../../tools/link.ts'
import { type Line, type Running, startProcess } from '../../tools/process.ts'
import type { ScratchDatabase } from '../../tools/scratch-databases.ts'
import { openStandbyPostgres } from '../../tools/standby-postgres.ts'
import { applyEdits, type Edit } from './edits.ts'
import { type Answer, type Call, openCaller, type Person, type Role } from './http.ts'
import { red } from './red.ts'
import type { Run } from './run.ts'
import type { Door, Stack } from './stack.ts'

export type Context = ReturnType<typeof createContext>
type Query = <T extends object = Record<string, unknown>>(text: string, values?: unknown[]) => Promise<T[]>
type Login = 'owner' | 'app' | 'admin'

/** Ends what the probe opened by `close`; the stack stays. */
export function createContext(run: Run, stack: Stack) {
  const opened = new AsyncDisposableStack()
  const part = <T>(value: T | undefined, name: string): T => {
    if (value === undefined) throw new Error(`This control does not say that it needs: ${name}`)
    return value
  }
  const urlOf = (login: Login) => part(stack.database, 'database')[`${login}Url`]
  const query =
    (login: Login): Query =>
    (text, values) =>
      withClient(urlOf(login), async (client) => (await client.query(text, values)).rows)
  const callers = new Map<string, ReturnType<typeof openCaller>>()
  const sql = { owner: query('owner'), app: query('app'), admin: query('admin'), session, hold, emptyDatabase, standby }

  return {
    /** The files that the stack runs. */
    tree: stack.tree,
    /** The environment of its processes. */
    env: stack.env,
    /** The API of the stack. */
    get api() {
      return apiAt(part(stack.api, 'api').url)
    },
    apiAt,
    newcomer,
    /** The API as a process. */
    get server() {
      return part(stack.api, 'api')
    },
    /** The workers as processes; `url` is that of their health. */
    get workers() {
      return part(stack.workers[0], 'worker') && stack.workers
    },
    get redis() {
      return part(stack.redis, 'redis')
    },
    get mail() {
      return part(stack.mail, 'mail')
    },
    /** The payment provider, which can be told to fail; its webhooks go to the API of the stack. */
    get payments() {
      return part(stack.payments, 'payments')
    },
    /** The way from the service to its database. */
    get link() {
      return part(stack.link, 'database')
    },
    sql,
    /** Where its database is, by each login: for programs that open connections themselves. */
    get database() {
      return part(stack.database, 'database')
    },
    logs: { lines: logLines, said: stack.said },
    metrics,
    spans: stack.spans.spans,
    /** The spans as they came, every byte. */
    exported: stack.spans.said,
    /** What the processes report to Sentry: `events`, and every byte of them. */
    errors: stack.errors,
    /** Doors of the tree: `start` a process, `startApi` and `startWorker` wait until they are open. */
    start: stack.start,
    startApi: stack.startApi,
    startWorker: stack.startWorker,
    finish,
    program,
    variant,
    folder: () => run.makeFolder('probe'),
    until,
    load,
    close: async () => {
      for (const caller of callers.values()) caller.close()
      await opened.disposeAsync()
    },
  }

  /** Calls an API: as `anonymous`, or `as` a new person of a role. */
  function apiAt(url: string) {
    const caller = callers.get(url) ?? openCaller(url)
    callers.set(url, caller)
    return {
      url,
      anonymous: caller.call,
      withToken: caller.withToken,
      as: (role: Role) => signUp(caller.withToken, caller.call, role),
    }
  }

  /** Somebody else: calls from a new address, or from a given one of 127.0.0.0/8. */
  function newcomer(url = part(stack.api, 'api').url, from?: string) {
    const caller = openCaller(url, from ? { from } : {})
    opened.defer(async () => caller.close())
    return caller
  }

  async function signUp(withToken: (token: string) => Call, call: Call, role: Role): Promise<Person> {
    const [email, password] = [`${role}-${randomUUID()}@example.com`, randomUUID()]
    const asked = role === 'worker' ? 'worker' : 'client'
    const account = await call('POST', '/v1/auth/register', {
      body: { email, password, name: `A ${role}`, role: asked },
    })
    if (account.status >= 300) red('cannot-register', account.text.slice(0, 300))
    // Staff can't register: the operator makes them.
    if (role !== asked) await sql.owner('UPDATE users SET role = $1 WHERE email = $2', [role, email])
    const signedIn = await call('POST', '/v1/auth/login', { body: { email, password } })
    if (signedIn.status !== 200) red('cannot-sign-in', signedIn.text.slice(0, 300))
    const token = signedIn.json<{ accessToken: string }>().accessToken
    return { call: withToken(token), id: String(account.json().id), email, password, token, role }
  }

  /** A connection that stays open until the probe ends. */
  async function session(login: Login): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: urlOf(login) })
    client.on('error', () => {})
    await client.connect()
    opened.defer(() => client.end())
    return client
  }

  async function hold(table: string): Promise<Held> {
    const held = await holdTable(urlOf('admin'), table)
    opened.defer(held.close)
    return held
  }

  /** A standby of the server, with a link of its own before it: `host` is where that listens, `replay` stops and goes on. */
  async function standby() {
    const server = await openStandbyPostgres(urlOf('admin'))
    opened.defer(server.close)
    const link = await openLink(server.port)
    opened.defer(link.close)
    const replay = (word: 'pause' | 'resume') =>
      withClient(server.adminUrl, (client) => client.query(`SELECT pg_wal_replay_${word}()`))
    return { host: `127.0.0.1:${link.port}`, link, replay }
  }

  /** A database without a schema. */
  async function emptyDatabase(): Promise<ScratchDatabase> {
    const { create, drop } = await run.databases()
    const made = await create()
    opened.defer(() => drop(made))
    return made
  }

  /** The log lines of the stack's API and workers; what is not JSON is left out. */
  function logLines(): Line[] {
    return [stack.api, ...stack.workers].flatMap((door) => door?.lines() ?? [])
  }

  /** The samples of an API's metrics, by name and labels as they are written: `name{label="value"}`. */
  async function metrics(door: Door = part(stack.api, 'api')): Promise<Map<string, number>> {
    const port = door.lines().find(({ msg }) => msg === 'metrics are served')?.port
    const { text } = await apiAt(`http://127.0.0.1:${port}`).anonymous('GET', '/metrics')
    const samples = text.split('\n').flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line]))
    return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
  }

  /** Runs a program of the tree to its end. */
  async function finish(args: string[], changes: Record<string, string> = {}, within = 30_000) {
    const running = stack.start(args, changes)
    const timer = setTimeout(() => running.child.kill('SIGKILL'), within)
    const { code } = await running.ended
    clearTimeout(timer)
    return { code, said: running.said() }
  }

  /** Starts a program that is not ours and has a folder of this probe among its arguments. It is killed when the probe ends. */
  function program(file: string, args: string[]): Running {
    const running = startProcess(args, { program: file })
    run.record(running.child.pid)
    opened.defer(async () => {
      running.child.kill('SIGKILL')
      await running.ended
    })
    return running
  }

  /** Another copy of the stack's files, with edits. */
  function variant(edits: readonly Edit[]): string {
    const copy = run.copyTree(`variant-${randomUUID()}`, stack.tree)
    applyEdits(copy, edits)
    return copy
  }
}

type Until = { within?: number }

/** Asks again until there is an answer that is not false, null or undefined. Red by `reason` when there is none within the time. */
export async function until<T>(
  reason: string,
  ask: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  { within = 10_000 }: Until = {},
): Promise<T> {
  const end = performance.now() + within
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > end) red(reason, `not within ${within} ms`)
    await delay(25)
  }
}

/** Repeats a call in the background until it is stopped; `stop` answers every outcome, failures included. */
function load(call: () => Promise<Answer>, lanes = 4) {
  const outcomes: (Answer | Error)[] = []
  let stopped = false
  const lane = async () => {
    while (!stopped) outcomes.push(await call().catch((error: Error) => error))
  }
  const all = Array.from({ length: lanes }, lane)
  return {
    outcomes,
    async stop() {
      stopped = true
      await Promise.all(all)
      return outcomes
    },
  }
}
