// DAT-11: a person takes their data along, and is erased. Each has texts of their own, which are looked for in all that is kept.
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { pdf } from '../../tools/sample-files.ts'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

type One = { id: string; call: Call; email: string; password: string; word: string }
type Made = { id: string; status: string; result: { href: string } | null }
const told = ({ status, text }: Answer) => `${status} ${text.slice(0, 300)}`
const password = 'correct-horse-battery'

export async function takesAlongAndErases(context: Context): Promise<Evidence> {
  const { api, until } = context
  const [client, worker, other] = await Promise.all([
    join(context, 'client'),
    join(context, 'worker'),
    api.as('worker'),
  ])
  const scene = await setScene(context, client, worker, other.call)
  const taken = await takesAlong(context, client, other.call, [
    `${client.word} draft`,
    `${client.word} wanted`,
    `${client.word} review`,
    client.email,
  ])
  await takesAlong(context, worker, other.call, [`${worker.word} letter`, `${worker.word} cv.pdf`, worker.email])
  const before = await trailOf(context, client)

  await isRefused(client)
  await endContract(client, scene.contract)
  await erase(client)
  await erase(worker)

  await until('access-lives-on', async () => (await client.call('GET', '/v1/me')).status === 401, { within: 5000 })
  for (const person of [client, worker]) await isGone(context, person)
  const folder = String(context.env.UPLOADS_URL).slice('file:'.length)
  await until('file-left', async () => !(await readdir(folder)).includes(scene.file))
  const cached = await api.anonymous('GET', `/v1/jobs/${scene.wanted}`)
  if (cached.text.includes(client.word)) red('cached-answer-left', told(cached))
  const inCache = await leavesRedis(context, [client.word, worker.word])
  await trailIsWhole(context, client, before)
  await contractStands(context, scene.contract, client, worker)

  const again = await register(api.anonymous, { ...client, role: 'client' })
  if (again.status !== 201) red('address-not-free', told(again))
  return {
    exported: taken,
    tablesLookedAt: await whereIs(context, randomUUID()),
    inCacheUntilItEnds: inCache,
    contractsLeft: 1,
  }
}

const register = (call: Call, { email, word, role }: { email: string; word: string; role: string }) =>
  call('POST', '/v1/auth/register', { body: { email, password, name: `${word} name`, role } })

async function join({ api }: Context, role: 'client' | 'worker'): Promise<One> {
  const word = `canary${randomUUID().replaceAll('-', '')}`
  const email = `${word}@example.com`
  const account = await register(api.anonymous, { email, word, role })
  const headers = { 'user-agent': `${word} browser` }
  const signedIn = await api.anonymous('POST', '/v1/auth/login', { body: { email, password }, headers })
  if (signedIn.status !== 200) red('cannot-set-up', `${told(account)} ${told(signedIn)}`)
  const { accessToken } = signedIn.json<{ accessToken: string }>()
  return { id: String(account.json().id), call: api.withToken(accessToken), email, password, word }
}

async function make(call: Call, method: string, path: string, body?: object): Promise<string> {
  const headers = method === 'PATCH' ? { 'if-match': '*' } : {}
  const answer = await call(method, path, { body, headers })
  if (answer.status >= 300) red('cannot-set-up', `${method} ${path}: ${told(answer)}`)
  return String(answer.json().id)
}

/** Jobs in every state, applications that were told of, a contract, a cached answer, and answers that are stored under keys. */
async function setScene({ api, sql, until }: Context, client: One, worker: One, other: Call) {
  const job = async (title: string, published = true) => {
    const budget = { amount: 45_000, currency: 'EUR' }
    const texts = { title, description: `${title}.`, skills: [title.split(' ')[0]?.toLowerCase()] }
    const id = await make(client.call, 'POST', '/v1/jobs', { ...texts, category: 'other', budget })
    if (published) await make(client.call, 'POST', `/v1/jobs/${id}/publication`)
    return id
  }
  const apply = (call: Call, id: string, coverLetter: string) =>
    make(call, 'POST', `/v1/jobs/${id}/applications`, { coverLetter })
  await job(`${client.word} draft`, false)
  const wanted = await job(`${client.word} wanted`)
  await apply(worker.call, wanted, `${worker.word} letter`)
  const withdrawn = await apply(other, wanted, 'A letter of somebody else')
  await make(other, 'DELETE', `/v1/applications/${withdrawn}`)
  const contract = await make(
    client.call,
    'POST',
    `/v1/applications/${await apply(worker.call, await job('What was agreed on'), 'What was promised')}/acceptance`,
  )
  const headers = {
    'content-type': 'application/pdf',
    'content-disposition': `attachment; filename="${worker.word} cv.pdf"`,
  }
  const kept = await worker.call('POST', '/v1/me/uploads', { raw: pdf(), headers })
  if (kept.status !== 201) red('cannot-set-up', told(kept))
  const [upload] = await sql.owner<{ object: string }>('SELECT object FROM uploads WHERE id = $1', [kept.json().id])
  // What others say of a person is about that person.
  await sql.owner(
    `INSERT INTO reviews (contract_id, author_id, subject_id, rating, text, visible_at) VALUES ($1, $2, $3, 4, $4, now())`,
    [contract, worker.id, client.id, `${client.word} review`],
  )
  await make(client.call, 'PATCH', '/v1/me', { name: `${client.word} renamed` })
  const page = await api.anonymous('GET', `/v1/jobs/${wanted}`)
  if (!page.text.includes(client.word)) red('cannot-set-up', told(page))
  await until('never-told', async () => {
    const { data } = (await client.call('GET', '/v1/me/notifications')).json<{ data: { text: string }[] }>()
    return data.length >= 4 && data.some(({ text }) => text.includes(client.word))
  })
  return { wanted, contract, file: String(upload?.object) }
}

/** The export has these texts, is read by its person alone, and a second request meets the first. */
async function takesAlong({ until }: Context, { call }: One, other: Call, texts: string[]): Promise<number> {
  const asked = await call('POST', '/v1/me/data-exports')
  const path = asked.field('location') ?? red('export-refused', told(asked))
  const href = await until('export-never-made', async () => (await call('GET', path)).json<Made>().result?.href)
  if ((await other('GET', path)).status !== 404) red('operation-shown-to-another')
  if ((await other('GET', href)).status !== 404) red('export-shown-to-another')
  const document = await call('GET', href)
  if (document.status !== 200 || document.field('cache-control') !== 'no-store') red('export-not-read', told(document))
  const missing = texts.filter((text) => !document.text.includes(text))
  if (missing.length > 0) red('export-incomplete', `${missing.length} texts are missing`)
  return Object.values(document.json<Record<string, { entries?: unknown[] }>>())
    .map(({ entries = [] }) => entries.length)
    .reduce((sum, count) => sum + count, 0)
}

async function isRefused({ call }: One): Promise<void> {
  const unproven = await call('DELETE', '/v1/me', { body: { password: 'not the password' } })
  if (unproven.status !== 401) red('erased-without-proof', told(unproven))
  const bound = await call('DELETE', '/v1/me', { body: { password } })
  if (bound.status !== 409) red('erased-while-bound', told(bound))
}

async function endContract({ call }: One, id: string): Promise<void> {
  const answer = await call('POST', `/v1/contracts/${id}/cancellation`)
  if (answer.status !== 200) red('cannot-set-up', told(answer))
}

async function erase({ call }: One): Promise<void> {
  const answer = await call('DELETE', '/v1/me', { body: { password } })
  if (answer.status !== 204) red('not-erased', told(answer))
}

async function isGone(context: Context, { id, email, word }: One): Promise<void> {
  const { api, sql } = context
  await whereIs(context, word)
  if ((await sql.owner('SELECT FROM person_keys WHERE user_id = $1', [id])).length > 0) red('audit-key-left')
  const signedIn = await api.anonymous('POST', '/v1/auth/login', { body: { email, password } })
  if (signedIn.status !== 401) red('still-signs-in', told(signedIn))
}

/** Red by `left-in-table` where a row of any table has the word; answers how many tables there are. */
async function whereIs({ sql }: Context, word: string): Promise<number> {
  const tables = await sql.owner<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  )
  for (const { name } of tables) {
    const rows = await sql.owner<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t WHERE t::text ILIKE $1`, [
      `%${word}%`,
    ])
    if (rows.length > 0) red('left-in-table', `${name}: ${rows[0]?.row.slice(0, 300)}`)
  }
  return tables.length
}

/** Only cached answers that nobody finds any more, and that end by themselves, may be left; answers how many. */
async function leavesRedis({ redis, until }: Context, words: string[]): Promise<number> {
  const connection = new Redis(redis.url)
  const seen = { cached: 0, left: [] as string[] }
  const look = async () => {
    Object.assign(seen, { cached: 0, left: [] })
    for (const key of await connection.keys('*')) {
      const kept = await readKey(connection, key)
      if (!words.some((word) => `${key} ${kept}`.includes(word))) continue
      const ends = await connection.ttl(key)
      // Five minutes, and ten of grace.
      if (key.includes(':cache:') && ends > 0 && ends <= 900) seen.cached++
      else seen.left.push(`${key}: ${kept.slice(0, 300)}`)
    }
    return seen.left.length === 0
  }
  try {
    await until('left-in-redis', look).catch(() => red('left-in-redis', seen.left.join('\n')))
    return seen.cached
  } finally {
    connection.disconnect()
  }
}

async function readKey(connection: Redis, key: string): Promise<string> {
  const readers: Record<string, () => Promise<unknown>> = {
    string: () => connection.get(key),
    hash: () => connection.hgetall(key),
    list: () => connection.lrange(key, 0, -1),
    set: () => connection.smembers(key),
    zset: () => connection.zrange(key, 0, -1),
    stream: () => connection.xrange(key, '-', '+'),
  }
  return JSON.stringify(await readers[await connection.type(key)]?.())
}

const trailOf = ({ sql }: Context, { id }: One) =>
  sql.owner<{ row: string }>('SELECT t::text AS row FROM audit_log AS t WHERE actor_id = $1 ORDER BY id', [id])

/** What the person did stands as it stood, with the erasure behind it, and the chain is sound. */
async function trailIsWhole(context: Context, person: One, before: { row: string }[]): Promise<void> {
  const after = await trailOf(context, person)
  if (before.length < 5 || after.length <= before.length || before.some(({ row }, at) => after[at]?.row !== row))
    red('trail-changed', `${before.length} rows before, ${after.length} after`)
  const verified = await context.finish(['src/audit-verify.ts'])
  if (verified.code !== 0) red('trail-not-sound', verified.said.slice(-500))
}

async function contractStands({ sql }: Context, id: string, client: One, worker: One): Promise<void> {
  const rows = await sql.owner(
    `SELECT FROM contracts JOIN users AS c ON c.id = client_id JOIN users AS w ON w.id = worker_id
     JOIN jobs ON jobs.id = job_id WHERE contracts.id = $1 AND amount = 45000 AND title = 'What was agreed on'
       AND c.id = $2 AND w.id = $3 AND c.erased_at IS NOT NULL AND w.erased_at IS NOT NULL`,
    [id, client.id, worker.id],
  )
  if (rows.length !== 1) red('contract-lost')
}
