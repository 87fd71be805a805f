// SEC-26: SQL and markup in every text that the service takes are text: stored as they came, found as words, sent as plain mail.
import { randomUUID } from 'node:crypto'
import { type Context, until } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { mailsTo } from './mail-scene.ts'
import { operationOf } from './routes-table.ts'
import { invoke, type Made, make } from './scene.ts'

/** Each ends a text where it stands in SQL, in HTML, in a template or in a mail's head. */
const payloads = [
  `'; DROP TABLE audit_log; --`,
  `x') OR ('1'='1`,
  `\\'; SELECT pg_sleep(9); --`,
  `' UNION SELECT email, password_hash FROM users --`,
  '<script>alert(1)</script>',
  `"><img src=x onerror="alert('x')">`,
  '{{7*7}} #{7*7} <%= 7*7 %> %s %n',
  'Crane\r\nBcc: planted@example.com\r\n\r\n<b>bold</b>',
]
const all = payloads.join(' ')

export async function payloadsStayText(context: Context): Promise<Evidence> {
  const { api, sql } = context
  const [client, worker] = await Promise.all([api.as('client'), api.as('worker')])
  const jobs = await storedAsTheyCame(context, client, worker)
  const searched = await searchedAsWords(client)
  const refused = await refusedElsewhere(api.anonymous, client.call)
  await keyIsText(client, sql)
  const mail = await mailedAsText(context, client, worker)
  return { payloads: payloads.length, stored: jobs, searched, refused, ...mail }
}

/** Titles, descriptions, names, passwords and cover letters, one payload after the other: the row and the answer have it unchanged. */
async function storedAsTheyCame({ sql, api }: Context, client: Person, worker: Person): Promise<number> {
  let texts = 0
  const same = (what: string, ...seen: unknown[]) => {
    for (const text of seen) if (text !== seen[0]) red('text-changed', `${what}: ${JSON.stringify(text)}`)
    texts++
  }
  for (const text of payloads) {
    const body = { ...operationOf('createJob').body?.(), title: text, description: text }
    const { id: part } = await make(client.call, 'createJob', { body })
    const answer = await invoke(client.call, 'getJob', { part })
    isJson(answer)
    const { title, description } = answer.json()
    const [job] = await sql.owner('SELECT title, description FROM jobs WHERE id = $1', [part])
    same('title', text, title, job?.title)
    same('description', text, description, job?.description)

    await make(client.call, 'publishJob', { part })
    const sent = await make(worker.call, 'applyForJob', { part, body: { coverLetter: text } })
    const letter = (await invoke(client.call, 'getApplication', { part: sent.id })).json().coverLetter
    const [application] = await sql.owner('SELECT cover_letter FROM applications WHERE id = $1', [sent.id])
    same('coverLetter', text, letter, application?.cover_letter)
  }
  const account = { ...operationOf('register').body?.(), name: all.slice(0, 100), password: all.slice(0, 128) }
  const email = `o'neil--${randomUUID()}@example.com`
  const made = await make(api.anonymous, 'register', { body: { ...account, email } })
  const [user] = await sql.owner('SELECT email, name FROM users WHERE id = $1', [made.id])
  same('email', email, user?.email)
  same('name', account.name, user?.name)
  await make(api.anonymous, 'logIn', { body: { email, password: account.password } })
  return texts + 1
}

function isJson(answer: Answer): void {
  const type = answer.field('content-type') ?? 'none'
  if (!/^application\/(problem\+)?json\b/.test(type)) red('markup-as-html', `${answer.status} ${type}`)
}

/** As words they find nothing of this client's that has not those words, and they end no query. */
async function searchedAsWords({ call, id }: Person): Promise<number> {
  const body = { ...operationOf('createJob').body?.(), title: 'Plain planks', description: 'Nothing else.' }
  const plain = await make(call, 'createJob', { body })
  await make(call, 'publishJob', { part: plain.id })
  const search = (q: string) => call('GET', `/v1/jobs?limit=100&clientId=${id}&q=${encodeURIComponent(q)}`)
  const answers = await Promise.all(payloads.map(search))
  for (const [at, answer] of answers.entries()) {
    if (answer.status === 200 && answer.json<{ data: Made[] }>().data.some((job) => job.id === plain.id))
      red('search-widened', payloads[at])
  }
  for (const [at, { status }] of answers.entries())
    if (status !== 200) red('search-fails', `${status}: ${payloads[at]}`)
  const { data } = (await search('"nothing else"')).json<{ data: Made[] }>()
  if (data.length !== 1 || data[0]?.id !== plain.id) red('search-finds-nothing')
  return answers.length
}

/** Where the text has a shape, in paths, parameters, lists of words and names of members, they are refused, as JSON. */
async function refusedElsewhere(anonymous: Call, client: Call): Promise<number> {
  const draft = operationOf('createJob').body?.()
  const answers: Answer[] = []
  for (const text of payloads) {
    const part = encodeURIComponent(text)
    for (const path of [`/v1/jobs/${part}`, `/v1/slugs/${part}`]) answers.push(await anonymous('GET', path))
    for (const name of ['cursor', 'sort', 'skill', 'category', 'clientId', 'minBudget', text]) {
      answers.push(await anonymous('GET', `/v1/jobs?${encodeURIComponent(name)}=${part}`))
    }
    for (const members of [{ slug: text }, { skills: [text] }, { category: text }, { [text]: text }]) {
      answers.push(await invoke(client, 'createJob', { body: { ...draft, ...members } }))
    }
  }
  for (const answer of answers) {
    isJson(answer)
    if (answer.status !== 400) red('payload-taken', `${answer.status} ${answer.text.slice(0, 300)}`)
  }
  return answers.length
}

/** The one header that is kept. */
async function keyIsText({ call, id }: Person, sql: Context['sql']): Promise<void> {
  const options = { key: `');DROP/**/TABLE/**/audit_log;--<b>${randomUUID()}`, body: operationOf('createJob').body?.() }
  const [first, again] = [await make(call, 'createJob', options), await make(call, 'createJob', options)]
  const rows = await sql.owner('SELECT FROM idempotency_keys WHERE caller = $1 AND key = $2', [id, options.key])
  if (first.id !== again.id || rows.length !== 1) red('key-changed')
}

/** The worker is told of an acceptance: by a mail of plain text, to nobody else, whatever the title of the job and the own name say. */
async function mailedAsText({ mail, sql }: Context, client: Person, worker: Person) {
  const title = payloads.at(-1) ?? ''
  await make(worker.call, 'changeMe', { headers: { 'if-match': '"1"' }, body: { name: '<i>Ada</i> {{name}}' } })
  const [application] = await sql.owner<{ id: string }>(
    `SELECT a.id FROM applications a JOIN jobs j ON j.id = a.job_id WHERE a.worker_id = $1 AND j.title = $2`,
    [worker.id, title],
  )
  await make(client.call, 'acceptApplication', { part: String(application?.id) })
  const sent = await until('no-mail', () => mailsTo(mail, worker.email)[0], { within: 20_000 })
  if (sent.HTML !== '') red('mail-has-markup', sent.HTML.slice(0, 200))
  if (sent.Recipients.length !== 1 || sent.Bcc.length > 0) red('mail-goes-astray', String(sent.Recipients.length))
  const plain = (text: string) => text.replace(/\s+/g, ' ')
  for (const text of [title, '<i>Ada</i> {{name}}']) {
    if (!plain(sent.Text).includes(plain(text))) red('mail-changed', sent.Text)
  }
  if (!plain(sent.Subject).includes('Bcc: planted')) red('mail-changed', sent.Subject)
  return { mailsOfPlainText: 1, recipients: sent.Recipients.length }
}
