// SEC-40: which hosts the service answers for, and that no answer and no mail takes a host from the request.
import { randomUUID } from 'node:crypto'
import type { Context } from '../context/context.ts'
import type { Answer, Call, Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'
import { isProblem } from './api-problems.ts'
import { callRaw } from './api-raw-call.ts'
import { mailedToken, mailsTo } from './mail-scene.ts'
import { invoke, make } from './scene.ts'

/** The settings of the control: a proxy is trusted, so that what it forwards would count if anything counted. */
export const ownHosts = {
  PUBLIC_URL: 'https://seaworthy.example',
  ALLOWED_HOSTS: 'api.example.org',
  TRUST_PROXY: 'loopback',
}
const foreign = 'planted.example'

const ours = (port: string) => [
  ...['seaworthy.example', 'seaworthy.example:8443', 'SeaWorthy.Example', 'api.example.org'],
  ...[`127.0.0.1:${port}`, '127.0.0.1', `localhost:${port}`],
]
const theirs = [
  ...[foreign, `seaworthy.example.${foreign}`, 'example', 'sub.seaworthy.example'],
  ...['10.1.2.3', '169.254.169.254', '[::1]', '0.0.0.0'],
]
const malformed = ['seaworthy.example, planted.example', 'me@seaworthy.example', 'seaworthy.example/x', '']

export async function onlyOurHostsAreServed(context: Context): Promise<Evidence> {
  const { api, logs, until } = context
  const { port } = new URL(api.url)
  const as = (host: string, path = '/v1/jobs', more = {}) => api.anonymous('GET', path, { headers: { host, ...more } })
  for (const host of ours(port)) {
    const { status } = await as(host)
    if (status !== 200) red('our-host-refused', `${host}: ${status}`)
  }
  const paths = ['/v1/jobs', '/health/live', '/docs', '/openapi.json', `/${randomUUID()}`]
  for (const host of theirs) for (const path of paths) isRefused(host, path, await as(host, path))
  for (const host of malformed) {
    const answer = await raw(api.url, '/v1/jobs', [`Host: ${host}`])
    if (answer.status !== 400) red('malformed-host-served', `${host}: ${answer.status}`)
  }
  const twice = await raw(api.url, '/v1/jobs', ['Host: seaworthy.example', `Host: ${foreign}`])
  if (twice.status !== 400) red('malformed-host-served', `two hosts: ${twice.status}`)
  for (const protocol of ['HTTP/1.1', 'HTTP/1.0']) {
    const { status } = await raw(api.url, '/v1/jobs', [], protocol)
    if (status !== 400) red('no-host-served', `${protocol}: ${status}`)
  }
  const inUrl = await raw(api.url, `http://${foreign}/v1/jobs`, ['Host: seaworthy.example'])
  if (inUrl.status !== 421) red('other-host-in-url-served', String(inUrl.status))

  const forwarded = { 'x-forwarded-host': 'seaworthy.example', forwarded: 'host=seaworthy.example' }
  if ((await as(foreign, '/v1/jobs', forwarded)).status !== 421) red('forwarded-host-believed')
  await until('refusal-not-recorded', () => logs.lines().some((line) => line.security === 'host.refused'))
  const links = await noLinkComesFromTheRequest(context)
  return { ours: ours('PORT'), refused: theirs, malformed: malformed.length + 1, ...links }
}

function isRefused(host: string, path: string, answer: Answer): void {
  if (answer.status !== 421) red('other-host-served', `${host} ${path}: ${answer.status}`)
  isProblem(answer, 421, path)
}

const raw = (url: string, target: string, fields: string[], protocol = 'HTTP/1.1') =>
  callRaw(url, [`GET ${target} ${protocol}`, ...fields, 'Connection: close', '', ''].join('\r\n'))

/** A worker is chosen while every request names another host in every field that proxies use. The mail of it goes out. */
async function noLinkComesFromTheRequest(context: Context): Promise<Evidence> {
  const { api, mail, until } = context
  const answers: Answer[] = []
  const forging =
    ({ call }: Pick<Person, 'call'>): Call =>
    async (method, path, options = {}) => {
      const forged = {
        'x-forwarded-host': foreign,
        'x-forwarded-for': '203.0.113.7',
        forwarded: `host=${foreign}`,
        origin: `https://${foreign}`,
        referer: `https://${foreign}/`,
      }
      const answer = await call(method, path, { ...options, headers: { ...forged, ...options.headers } })
      answers.push(answer)
      return answer
    }
  const [person, chosen] = await Promise.all([api.as('client'), api.as('worker')])
  const [client, worker] = [forging(person), forging(chosen)]
  const { id: part } = await make(client, 'createJob')
  await make(client, 'publishJob', { part })
  const application = await make(worker, 'applyForJob', { part })
  await make(client, 'acceptApplication', { part: application.id })
  for (const id of ['listJobs', 'listContracts', 'listOwnApplications', 'listNotifications']) await invoke(worker, id)
  for (const path of ['/openapi.json', '/docs', `/${randomUUID()}`]) await worker('GET', path)

  const sent = await until('no-mail', () => mailsTo(mail, chosen.email)[0], { within: 20_000 })
  if (JSON.stringify(sent).includes(foreign)) red('mail-from-request', sent.Text)
  for (const { status, text, field } of answers) {
    const said = `${field('location')} ${field('link')} ${field('content-location')} ${text}`
    if (said.includes(foreign)) red('answer-from-request', `${status} ${said.slice(0, 300)}`)
  }
  const linked = await linkIsOurs(context, forging({ call: api.anonymous }), chosen.email)
  return { mails: 2, linked, forgedCalls: answers.length }
}

/** Asked for by another of our names, with a foreign one forwarded: the mail leads to where people's pages are, and nowhere else. */
async function linkIsOurs(context: Context, forged: Call, email: string): Promise<string> {
  const byOtherName: Call = (method, path, options = {}) =>
    forged(method, path, { ...options, headers: { host: 'api.example.org', ...options.headers } })
  const token = await mailedToken(context, byOtherName, email)
  const [sent] = mailsTo(context.mail, email)
  const links = sent?.Text.match(/https?:[^\s]+/g) ?? []
  const ours = `${ownHosts.PUBLIC_URL}/magic-link#token=${token}`
  if (links.length !== 1 || links[0] !== ours) red('link-from-request', links.map((link) => link.split('#')[0]).join())
  return `${ownHosts.PUBLIC_URL}/magic-link`
}
