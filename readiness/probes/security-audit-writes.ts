// SEC-31, first part: every write of the document, called with success, and what each leaves in the trail.
import { randomUUID } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { Context } from '../context/context.ts'
import type { Answer, Call, CallOptions, Person } from '../context/http.ts'
import { red } from '../control.ts'
import { audited } from './audit-table.ts'
import { operations } from './routes-table.ts'
import { invoke, make, openJob, readDocument } from './scene.ts'
import { desk } from './security-audit-desk.ts'
import { money } from './security-audit-money.ts'

type Options = CallOptions & { part?: string }
/** Calls an operation, and holds what it leaves against the table. */
type Send = (call: Call, id: string, options?: Options) => Promise<Answer>

/** Both ways: each write of the served document has a line in the table, and each line its write. */
export async function theTableHasEveryWrite({ api }: Context): Promise<void> {
  const document = await readDocument((path) => api.anonymous('GET', path))
  const writes = document.operations
    .filter(({ route }) => !route.startsWith('GET '))
    .map(({ operationId }) => operationId)
  for (const id of writes) if (!audited[id]) red('write-not-in-table', id)
  for (const id of Object.keys(audited)) if (!writes.includes(id)) red('table-without-write', id)
  for (const { id, method } of operations) if (method !== 'GET' && !audited[id]) red('write-not-in-table', id)
}

/** Answers the ids of what was called. Throws where the table has a write that is not called here. */
export async function everyWriteLeavesOneRow(context: Context): Promise<string[]> {
  const called = new Set<string>()
  const send: Send = async (call, id, options = {}) => {
    const requestId = randomUUID()
    const answer = await invoke(call, id, { ...options, headers: { ...options.headers, 'x-request-id': requestId } })
    if (answer.status >= 300) red('cannot-set-up', `${id}: ${answer.status} ${answer.text.slice(0, 300)}`)
    await holdAgainstTable(context, id, requestId)
    called.add(id)
    return answer
  }
  await Promise.all(
    [sessions, links, secondFactor, work, administration, desk, money].map((walk) => walk(context, send)),
  )
  const left = Object.keys(audited).filter((id) => !called.has(id))
  if (left.length > 0) throw new Error(`The probe does not call ${left.join(', ')}`)
  return [...called]
}

async function holdAgainstTable({ sql }: Context, id: string, requestId: string): Promise<void> {
  const rows = await sql.owner<{ action: string; origin: boolean }>(
    'SELECT action, address_hash IS NOT NULL AS origin FROM audit_log WHERE request_id = $1',
    [requestId],
  )
  const wanted = audited[id]
  const actions = rows.map(({ action }) => action).join(', ')
  if (typeof wanted !== 'string') return rows.length > 0 ? red('row-not-wanted', `${id}: ${actions}`) : undefined
  if (rows.length === 0) red('no-row', id)
  if (rows.length > 1) red('more-than-one-row', `${id}: ${actions}`)
  if (actions !== wanted) red('another-action', `${id}: ${actions}, not ${wanted}`)
  if (!rows[0]?.origin) red('row-without-origin', id)
}

async function sessions({ api, sql }: Context, send: Send): Promise<void> {
  const account = { email: `${randomUUID()}@example.com`, password: randomUUID(), name: 'Someone', role: 'worker' }
  const { email, password } = account
  const key = randomUUID()
  await send(api.anonymous, 'register', { body: account, key })
  // The same again is answered from the first one, and leaves nothing more.
  const repeated = randomUUID()
  await make(api.anonymous, 'register', { body: account, key, headers: { 'x-request-id': repeated } })
  const more = await sql.owner('SELECT id FROM audit_log WHERE request_id = $1', [repeated])
  if (more.length > 0) red('row-for-a-repetition')
  const signIn = async () =>
    (await send(api.anonymous, 'logIn', { body: { email, password } })).json<{
      accessToken: string
      refreshToken: string
    }>()
  const [first, second] = [await signIn(), await signIn()]
  await send(api.anonymous, 'refreshSession', { body: { refreshToken: second.refreshToken } })
  const call = api.withToken(first.accessToken)
  await send(call, 'endOtherSessions')
  await signIn()
  const { data } = (await call('GET', '/v1/me/sessions')).json<{ data: { id: string; isCurrent: boolean }[] }>()
  await send(call, 'endSession', { part: data.find(({ isCurrent }) => !isCurrent)?.id ?? '' })
  await send(call, 'logOut')
}

async function links({ api, mail, until }: Context, send: Send): Promise<void> {
  const person = await api.as('worker')
  const token = (subject: string, email = person.email) =>
    until(
      'no-mail',
      () => {
        const letters = mail.messages().filter(({ Subject, To }) => Subject === subject && To[0]?.Address === email)
        return /#token=([\w-]+)/.exec(letters[0]?.Text ?? '')?.[1]
      },
      { within: 20_000 },
    )
  const { email } = person
  await send(api.anonymous, 'requestMagicLink', { body: { email } })
  await send(api.anonymous, 'redeemMagicLink', { body: { token: await token('Your link to sign in') } })
  await send(api.anonymous, 'verifyEmail', { body: { token: await token('Confirm your address') } })
  const other = await api.as('worker')
  await send(other.call, 'requestEmailVerification')
  const newEmail = `${randomUUID()}@example.com`
  await send(person.call, 'requestEmailChange', { body: { email: newEmail, password: person.password } })
  await send(api.anonymous, 'changeEmail', { body: { token: await token('Confirm your new address', newEmail) } })
  const password = randomUUID()
  await send(person.call, 'changePassword', { body: { currentPassword: person.password, password } })
  await send(api.anonymous, 'requestPasswordReset', { body: { email: newEmail } })
  const reset = await token('Choose a new password', newEmail)
  await send(api.anonymous, 'resetPassword', { body: { token: reset, password: randomUUID() } })
}

async function secondFactor({ api }: Context, send: Send): Promise<void> {
  const { call, password } = await api.as('client')
  const { secret } = (await send(call, 'startMfa', { body: { password } })).json<{ secret: string }>()
  const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  const spare = (answer: Answer) => answer.json<{ recoveryCodes: string[] }>().recoveryCodes[0]
  const first = spare(await send(call, 'confirmMfa', { body: { code } }))
  const second = spare(await send(call, 'renewRecoveryCodes', { body: { code: first } }))
  await send(call, 'stopMfa', { body: { code: second } })
}

async function work(context: Context, send: Send): Promise<void> {
  const { api, until } = context
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  await send(client.call, 'changeMe', { headers: { 'if-match': '*' } })
  await send(client.call, 'requestDataExport')
  const { id: part } = (await send(client.call, 'createJob')).json<{ id: string }>()
  await send(client.call, 'editJob', { part, headers: { 'if-match': '"1"' } })
  await send(client.call, 'publishJob', { part })
  await send(client.call, 'closeJob', { part })
  await send(client.call, 'deleteJob', { part })
  await send(client.call, 'restoreJob', { part })
  const job = await openJob(client.call)
  const apply = async (by: Person, id: string) =>
    (await send(by.call, 'applyForJob', { part: id })).json<{ id: string }>().id
  await send(worker.call, 'withdrawApplication', { part: await apply(worker, job.id) })
  const other = await openJob(client.call)
  await send(client.call, 'acceptApplication', { part: await apply(worker, other.id) })
  const told = await until('not-told', async () => {
    const { data } = (await client.call('GET', '/v1/me/notifications')).json<{ data: { id: string }[] }>()
    return data[0]
  })
  await send(client.call, 'readNotification', { part: told.id })
  const { id: upload } = (await send(worker.call, 'uploadFile')).json<{ id: string }>()
  await send(worker.call, 'deleteUpload', { part: upload })
  const leaving = await api.as('worker')
  await send(leaving.call, 'eraseMe', { body: { password: leaving.password } })
}

async function administration({ api }: Context, send: Send): Promise<void> {
  const [admin, { id: part }] = await Promise.all([api.as('admin'), api.as('client')])
  for (const id of ['blockUser', 'unblockUser', 'changeRole']) await send(admin.call, id, { part })
  for (const id of ['turnOnSwitch', 'turnOffSwitch']) await send(admin.call, id, { part: 'cache-off' })
  await send(admin.call, 'resetBreaker', { part: 'payments' })
  await send(admin.call, 'changeFlag', { part: 'live-notifications' })
}
