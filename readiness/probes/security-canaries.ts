// SEC-29: values that stand nowhere else are sent into every route, and looked for in all that the service writes down or answers.
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { findKept, recordRedis } from './everything-kept.ts'
import { newTrace } from './observability-traces.ts'
import { operations, pathOf } from './routes-table.ts'

type Canaries = Record<string, string>

/** Rows that hold an address because it is their purpose: the account, the answer to a repeated registration, a change under way. */
const ofAddresses = ['users', 'idempotency_keys', 'mail_links']

export async function secretsGoNowhere(context: Context): Promise<Evidence> {
  const { logs, until } = context
  const recording = await recordRedis(context)
  try {
    const canaries = makeCanaries()
    const answers: Answer[] = []
    const person = await liveAs(context, canaries)
    for (const call of [context.api.anonymous, person]) answers.push(...(await sendEverywhere(call, canaries)))
    answers.push(...(await failInside(context, canaries)), await loseTheDatabase(context, canaries))
    await refuseTheMail(context, canaries)

    for (const { status, text } of answers)
      for (const [name, canary] of Object.entries(canaries))
        if (status >= 400 && name !== 'query' && text.includes(canary))
          red('in-error-body', `${name}: ${text.slice(0, 300)}`)
    await until('nothing-logged', () => logs.said().includes('a job failed'))
    await untilAllIsTold(context)
    const isOfAddresses = (name: string, where: string) => name.startsWith('email') && ofAddresses.includes(where)
    const [found] = await findKept(context, recording, canaries, isOfAddresses)
    const place = ['logs', 'redis', 'metrics', 'spans', 'errors'].includes(found?.where ?? '') ? found?.where : 'a-row'
    if (found) red(`in-${place}`, found.around)
    return {
      canaries: Object.keys(canaries),
      operations: operations.length,
      refusals: answers.filter(({ status }) => status >= 400).length,
      lines: logs.said().split('\n').length,
      redisCommands: recording.commands().length,
      spans: context.spans().length,
      reportedErrors: context.errors.events().length,
    }
  } finally {
    recording.close()
  }
}

function makeCanaries(): Canaries {
  const hex = () => randomBytes(12).toString('hex')
  return {
    email: `canary-${hex()}@example.com`,
    emailOfAFailure: `canary-${hex()}@example.com`,
    password: `canary ${hex()}`,
    newPassword: `canary ${hex()} too`,
    bearer: `canary-${hex()}`,
    cookie: `canary${hex()}`,
    csrf: `canary-${hex()}`,
    query: `canary-${hex()}`,
    link: randomBytes(32).toString('base64url'),
    recoveryCode: Array.from({ length: 4 }, () => hex().slice(0, 5)).join('-'),
    card: `5500${Array.from({ length: 12 }, () => randomInt(10)).join('')}`,
  }
}

/** Registers, signs in, renews, resets the password by mail and starts a second factor; the secrets that come back are canaries too. */
async function liveAs({ api, mail, until }: Context, canaries: Canaries): Promise<Call> {
  const { email = '', password = '', newPassword = '' } = canaries
  const does = async (call: Call, path: string, body: object): Promise<Record<string, string>> => {
    const answer = await call('POST', path, { body })
    if (answer.status >= 300) red('cannot-set-up', `${path}: ${answer.status} ${answer.text.slice(0, 200)}`)
    return answer.text ? answer.json<Record<string, string>>() : {}
  }
  await does(api.anonymous, '/v1/auth/register', { email, password, name: 'Someone', role: 'worker' })
  const first = await does(api.anonymous, '/v1/auth/login', { email, password })
  const renewed = await does(api.anonymous, '/v1/auth/refresh', { refreshToken: first.refreshToken })
  await does(api.anonymous, '/v1/auth/password-resets', { email })
  const token = await until('no-mail', () => {
    const texts = mail.messages().filter(({ To }) => To[0]?.Address === email)
    return texts.map(({ Text }) => /password-reset#token=([\w-]+)/.exec(Text)?.[1]).find(Boolean)
  })
  await does(api.anonymous, '/v1/auth/password-resets/redemption', { token, password: newPassword })
  const last = await does(api.anonymous, '/v1/auth/login', { email, password: newPassword })
  const call = api.withToken(String(last.accessToken))
  const { secret } = await does(call, '/v1/me/mfa', { password: newPassword })
  for (const [n, { accessToken, refreshToken }] of [first, renewed, last].entries())
    Object.assign(canaries, { [`accessToken${n}`]: accessToken, [`refreshToken${n}`]: refreshToken })
  Object.assign(canaries, { resetToken: token, totpSeed: secret })
  return call
}

/** In fields, in a body with members that nobody knows, in one that is no JSON, and in the query. */
async function sendEverywhere(call: Call, canaries: Canaries): Promise<Answer[]> {
  const { email, password, newPassword, bearer, cookie, csrf, query, link, recoveryCode, card } = canaries
  const wild = {
    ...{ email, password, currentPassword: password, newPassword, token: link, refreshToken: link, code: recoveryCode },
    ...{ card, cardNumber: card },
  }
  const fields = {
    cookie: `__Host-access=${cookie}; __Host-refresh=${cookie}; sid=${cookie}`,
    'x-csrf-token': String(csrf),
  }
  const authorization = `Bearer ${bearer}`
  const answers: Answer[] = []
  for (const operation of operations) {
    const { method, body } = operation
    const path = pathOf(operation)
    const sends = [
      call(method, path, { headers: { ...fields, authorization } }),
      call(method, `${path}?token=${query}`, { headers: { ...fields, authorization: `Basic ${bearer}` }, body: wild }),
      call(method, path, { headers: fields, body: { ...body?.(), ...wild } }),
      call(method, path, { headers: fields, raw: `${JSON.stringify(wild).slice(0, -1)}, "` }),
    ]
    answers.push(...(await Promise.all(sends)))
  }
  return answers
}

/** A row that the database refuses: it repeats all of it in its error. */
async function failInside({ api, sql }: Context, canaries: Canaries): Promise<Answer[]> {
  const { emailOfAFailure: email, password } = canaries
  const name = `canary_${randomBytes(4).toString('hex')}`
  await sql.owner(`ALTER TABLE users ADD CONSTRAINT ${name} CHECK (email <> '${email}') NOT VALID`)
  try {
    const body = { email, password, name: `Someone ${randomUUID()}`, role: 'client' }
    const answer = await api.anonymous('POST', '/v1/auth/register', { body })
    if (answer.status !== 500) red('did-not-fail', `${answer.status} ${answer.text.slice(0, 200)}`)
    return [answer]
  } finally {
    await sql.owner(`ALTER TABLE users DROP CONSTRAINT ${name}`)
  }
}

async function loseTheDatabase({ api, link, until }: Context, { email, newPassword }: Canaries): Promise<Answer> {
  await link.cut()
  const answer = await api.anonymous('POST', '/v1/auth/login', { body: { email, password: newPassword } })
  await link.mend()
  if (answer.status !== 503) red('did-not-fail', `${answer.status} ${answer.text.slice(0, 200)}`)
  await until('does-not-return', async () => (await api.anonymous('GET', '/health/ready')).status === 200)
  return answer
}

/** A mail server that names the recipient when it refuses. The span of the job that failed is waited for: spans come in their order. */
async function refuseTheMail({ api, mail, workers, spans, until }: Context, { email = '' }: Canaries): Promise<void> {
  const { traceId, headers } = newTrace()
  mail.refuse((address) => (address === email ? `5.1.1 <${email}>: there is no such person` : undefined))
  try {
    await api.anonymous('POST', '/v1/auth/magic-links', { body: { email }, headers })
    await until('mail-not-tried', () => workers.some(({ said }) => said().includes('a job failed')))
    await until('no-spans', () =>
      spans().some((span) => span.traceId === traceId && span.service === 'seaworthy-worker' && span.failed),
    )
  } finally {
    mail.refuse(undefined)
  }
}

/** Spans and reports leave a process later than its answers, in their order. */
async function untilAllIsTold({ api, errors, spans, until }: Context): Promise<void> {
  const { traceId, headers } = newTrace()
  await api.anonymous('GET', '/v1/jobs', { headers })
  await until('no-spans', () => spans().some((span) => span.traceId === traceId && span.service === 'seaworthy-api'))
  await until('no-reported-error', () => errors.events().length > 0)
}
