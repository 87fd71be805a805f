import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Secret, TOTP } from 'otpauth'
import { beforeEach, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'
import { withClient } from '../../../tools/create-database.ts'

const { call, signUp, services, database, lines } = await buildTestApp()
const { jobs, applications, notifications } = services
let [client, worker]: Person[] = []

beforeEach(async () => {
  client = await signUp('client')
  worker = await signUp('worker')
})

const sql = (text: string, ...values: unknown[]) =>
  withClient(database.ownerUrl, async (owner) => (await owner.query(text, values)).rows)
const erase = (as: Person, body: unknown = { password: as.password }) => call('DELETE', '/v1/me', { as, body })
const logIn = ({ email, password }: Person) => call('POST', '/v1/auth/login', { body: { email, password } })

/** The columns, as `table.column`, in which the word stands. */
async function whereIs(word: string): Promise<string[]> {
  const columns = await sql(`SELECT table_name AS table, column_name AS column FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'ARRAY', 'tsvector')`)
  expect(columns.length).toBeGreaterThan(30)
  const found = await Promise.all(
    columns.map(async ({ table, column }) => {
      const rows = await sql(`SELECT FROM ${table} WHERE "${column}"::text ILIKE $1 LIMIT 1`, `%${word}%`)
      return rows.length > 0 ? [`${table}.${column}`] : []
    }),
  )
  return found.flat().sort()
}

async function publish(title: string, as = client as Person) {
  const { id } = await jobs.create(as, newJob({ title, description: title }))
  return jobs.publish(as, id)
}

/** A contract between the two, which has ended. */
async function endedContract() {
  const job = await publish('What was agreed on')
  const { id } = await applications.apply(worker as Person, job.id, { coverLetter: 'What was promised' })
  const contract = await applications.accept(client as Person, id)
  return services.escrow.cancel(client as Person, contract.id)
}

describe('an erasure', () => {
  test('leaves neither the name nor the address nor a text of the person anywhere', async () => {
    const word = `canary${randomUUID().replaceAll('-', '')}`
    const body = { email: `${word}@example.com`, password: 'correct-horse-battery', name: word, role: 'client' }
    const account = (await call('POST', '/v1/auth/register', { body })).json()
    const { accessToken } = (await logIn(body as unknown as Person)).json()
    const person = { ...account, ...body, token: accessToken } as Person
    await jobs.create(person, newJob({ title: `${word} draft` }))
    const open = await publish(`${word} open`, person)
    const wanted = await publish(`${word} wanted`, person)
    for (const kind of ['application.submitted', 'application.rejected'] as const) {
      const { id } = await applications.apply(await signUp('worker'), wanted.id, { coverLetter: 'Me' })
      const [{ worker_id: workerId }] = (await sql('SELECT worker_id FROM applications WHERE id = $1', id)) as [
        { worker_id: string },
      ]
      const facts = { applicationId: id, jobId: wanted.id, jobTitle: wanted.title, clientId: person.id, workerId }
      await notifications.tell({ id: randomUUID(), requestId: null }, kind, facts)
    }
    await call('PATCH', '/v1/me', { as: person, body: { name: `${word} again` }, headers: { 'if-match': '*' } })
    await call('POST', '/v1/me/data-exports', { as: person })
    await call('POST', `/v1/jobs/${open.id}/restoration`, { as: person })
    expect(await whereIs(word)).toEqual(
      expect.arrayContaining([
        'idempotency_keys.body',
        'jobs.title',
        'notifications.data',
        'outbox.payload',
        'users.email',
      ]),
    )
    expect(await call('GET', `/v1/jobs/${wanted.id}`).then((seen) => seen.json().title)).toContain(word)

    expect((await erase(person)).statusCode).toBe(204)
    expect(await whereIs(word)).toEqual([])
    expect((await call('GET', `/v1/jobs/${wanted.id}`)).json()).toMatchObject({
      title: 'Job of an erased user',
      status: 'closed',
    })
    expect((await call('GET', `/v1/jobs/${open.id}`)).statusCode).toBe(404)
    expect((await logIn(person)).statusCode).toBe(401)
    expect((await call('POST', '/v1/auth/register', { body })).statusCode).toBe(201)
  })

  test('leaves contracts, and what was agreed on, under a name of nobody', async () => {
    const contract = await endedContract()
    expect((await erase(worker as Person)).statusCode).toBe(204)
    expect((await call('GET', `/v1/contracts/${contract.id}`, { as: client as Person })).json()).toMatchObject({
      workerId: worker?.id,
    })
    expect(await whereIs('What was promised')).toEqual(['applications.cover_letter'])
    const [row] = await sql('SELECT name, email, email_verified_at, erased_at FROM users WHERE id = $1', worker?.id)
    expect(row).toEqual({
      name: 'Erased user',
      email: `erased-${worker?.id}@erased.invalid`,
      email_verified_at: null,
      erased_at: expect.any(Date),
    })
  })

  test('withdraws what was applied for, and lets its letter go', async () => {
    const job = await publish('Something else')
    await applications.apply(worker as Person, job.id, { coverLetter: 'My whole life' })
    expect((await erase(worker as Person)).statusCode).toBe(204)
    const { data } = (await call('GET', `/v1/jobs/${job.id}/applications`, { as: client as Person })).json()
    expect(data).toMatchObject([{ status: 'withdrawn', coverLetter: 'Erased' }])
    expect(await whereIs('My whole life')).toEqual([])
  })

  test('leaves one audit row, destroys the key of the person, and is a security event', async () => {
    const person = client as Person
    await sql("INSERT INTO person_keys (user_id, sealed_key) VALUES ($1, 'sealed') ON CONFLICT DO NOTHING", person.id)
    expect(await sql('SELECT FROM person_keys WHERE user_id = $1', person.id)).toHaveLength(1)
    const before = await sql('SELECT id FROM audit_log WHERE actor_id = $1', person.id)
    await erase(person)
    expect(await sql('SELECT FROM person_keys WHERE user_id = $1', person.id)).toEqual([])
    const after = await sql('SELECT id, action FROM audit_log WHERE actor_id = $1 ORDER BY id', person.id)
    expect(after.map(({ action }) => action).at(-1)).toBe('user.erased')
    expect(after).toHaveLength(before.length + 1)
    expect(lines.filter((line) => line.security === 'user.erased' && line.actorId === person.id)).toHaveLength(1)
  })

  test('ends every session, and no refresh token or device is left', async () => {
    const person = client as Person
    await Promise.all([logIn(person), logIn(person)])
    await erase(person)
    const rows = await sql('SELECT ended_because, user_agent, address_hash FROM sessions WHERE user_id = $1', person.id)
    expect(rows).toEqual(
      Array.from({ length: 2 }, () => ({ ended_because: 'erased', user_agent: '', address_hash: '' })),
    )
    expect(
      await sql('SELECT FROM refresh_tokens JOIN sessions ON sessions.id = session_id WHERE user_id = $1', person.id),
    ).toEqual([])
  })

  test('happens once', async () => {
    const answers = [await erase(client as Person), await erase(client as Person)]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([204, 401])
  })
})

describe('a refusal', () => {
  test('a wrong password is 401 and erases nothing, and guesses have to wait', async () => {
    const guess = () => erase(client as Person, { password: 'not the password' })
    expect((await guess()).json()).toMatchObject({ status: 401 })
    expect((await logIn(client as Person)).statusCode).toBe(200)
    for (const status of [401, 401, 401, 401, 401, 429]) expect((await guess()).statusCode).toBe(status)
  })

  test.each([[undefined], [{}], [{ password: '' }], [{ password: 1 }], [{ password: 'x', all: true }]])(
    'the body %j is 400',
    async (body) => {
      expect((await erase(client as Person, body ?? null)).statusCode).toBe(400)
    },
  )

  test('a stranger is told to sign in', async () => {
    expect((await call('DELETE', '/v1/me', { body: { password: 'x' } })).statusCode).toBe(401)
  })

  test('while a contract runs it is 409 for both parties, says so, and nothing is half done', async () => {
    const job = await publish('A running thing')
    const { id } = await applications.apply(worker as Person, job.id, { coverLetter: 'A running letter' })
    const other = await publish('Another thing')
    await applications.apply(worker as Person, other.id, { coverLetter: 'Another letter' })
    await applications.accept(client as Person, id)
    for (const person of [client, worker] as Person[]) {
      const answer = await erase(person)
      expect(answer.json()).toMatchObject({ status: 409, code: 'OBLIGATIONS_OPEN' })
      expect(answer.json().detail).toContain('still running: 1')
      expect((await logIn(person)).statusCode).toBe(200)
    }
    expect(await whereIs('Another letter')).toEqual(['applications.cover_letter'])
  })

  test('of an acceptance and an erasure at once, either the contract is there and the person too, or neither', async () => {
    for (let round = 0; round < 5; round++) {
      const [payer, payee] = [await signUp('client'), await signUp('worker')]
      const job = await publish('Now or never', payer)
      const { id } = await applications.apply(payee, job.id, { coverLetter: 'Me' })
      const leaver = round % 2 === 0 ? payer : payee
      const [erased, accepted] = await Promise.all([
        erase(leaver),
        call('POST', `/v1/applications/${id}/acceptance`, { as: payer }),
      ])
      expect(['204 409', '204 404', '409 201']).toContain(`${erased.statusCode} ${accepted.statusCode}`)
    }
  })

  test('with a second factor on it takes a code as well, and then nothing of the factor is left', async () => {
    const person = client as Person
    const { secret } = await services.mfa.start(person, person.password)
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
    const { recoveryCodes } = await services.mfa.confirm(person, code)
    expect((await erase(person)).json()).toMatchObject({ status: 401, code: 'MFA_REQUIRED' })
    const wrong = await erase(person, { password: person.password, code: '0000-0000-0000' })
    expect(wrong.json()).toMatchObject({ status: 401, code: 'MFA_WRONG' })
    expect((await erase(person, { password: person.password, code: recoveryCodes[0] })).statusCode).toBe(204)
    const [left] = await sql(
      `SELECT (SELECT count(*)::int FROM totp WHERE user_id = $1) AS seeds,
         (SELECT count(*)::int FROM recovery_codes WHERE user_id = $1) AS codes`,
      person.id,
    )
    expect(left).toEqual({ seeds: 0, codes: 0 })
  })

  test('the last admin stays until there is another', async () => {
    const admin = await signUp('admin')
    expect((await erase(admin)).json()).toMatchObject({ status: 409, code: 'OBLIGATIONS_OPEN' })
    await signUp('admin')
    expect((await erase(admin)).statusCode).toBe(204)
  })
})

test('what a request wrote that was let in a moment before is found by the sweep of the purge', async () => {
  const person = client as Person
  await erase(person)
  await sql(
    `INSERT INTO jobs (client_id, slug, title, description, category, budget_amount, budget_currency)
     VALUES ($1, 'too-late', 'Too late', 'Too late', 'other', 100, 'EUR')`,
    person.id,
  )
  await sql(
    `INSERT INTO idempotency_keys (caller, route, key, body_hash, body) VALUES ($1, 'r', 'k', '', '{"title": "Too late"}')`,
    person.id,
  )
  expect(await services.erasures.sweep()).toBeGreaterThan(0)
  expect(await whereIs('Too late')).toEqual([])
})

test('after an older state was restored, the script of the runbook and the purge erase someone once more', async () => {
  const word = `again${randomUUID().replaceAll('-', '')}`
  const { id } = client as Person
  await sql('UPDATE users SET name = $1, email = $2 WHERE id = $3', word, `${word}@example.com`, id)
  await publish(`${word} wanted`)
  const script = await readFile('config/erase-again.sql', 'utf8')
  await sql(script.replace(/^\\set .*$/m, '').replaceAll(":'id'", `'${id}'`))
  await services.erasures.sweep()
  expect(await whereIs(word)).toEqual([])
  expect((await logIn(client as Person)).statusCode).toBe(401)
})
