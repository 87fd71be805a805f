// A mail server for development and tests that delivers to nobody: SMTP in, a web page and the main JSON routes of Mailpit
// out. No TLS, no sign-in, memory only. By itself: `node tools/mail-catcher.ts [SMTP_PORT] [WEB_PORT]`.
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, isIPv6, type Server } from 'node:net'
import PostalMime, { type Address } from 'postal-mime'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerEnvelope } from 'smtp-server'
import { type CaughtMail, htmlPartPolicy, pagePolicy, renderMail, renderMails } from './mail-page.ts'

type Rule = (address: string) => string | undefined
type Take = (mail: CaughtMail) => void
type Options = { smtpPort?: number; webPort?: number; host?: string }
export type MailCatcher = Awaited<ReturnType<typeof openMailCatcher>>
const [maxMails, maxBytes] = [1000, 1024 * 1024]
const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' }

/** Lists are newest first. Who is still connected at the close hears 421, a failure that passes. */
export async function openMailCatcher({ smtpPort = 0, webPort = 0, host = '127.0.0.1' }: Options = {}) {
  const [changes, closing] = [new EventEmitter().setMaxListeners(0), new AbortController()]
  let mails: CaughtMail[] = []
  let rule: Rule | undefined
  const keep = (next: CaughtMail[]) => {
    mails = next.slice(0, maxMails)
    changes.emit('change')
  }
  const messages = () => [...mails]
  /** Has no time limit, and rejects when the catcher is closed before. */
  const until = async (predicate: (mails: CaughtMail[]) => boolean) => {
    while (!predicate(messages())) await once(changes, 'change', { signal: closing.signal })
    return messages()
  }
  /** A recipient for whom the rule has a text is answered with 550 and that text. */
  const refuse = (given: Rule | undefined) => {
    rule = given
  }
  const refusalOf: Rule = (address) => rule?.(address)
  const smtp = createSmtp(refusalOf, (mail) => keep([mail, ...mails]))
  const web = createWeb(messages, () => keep([]))
  const close = async () => {
    const ends = [smtp.server, web].filter(({ listening }) => listening).map((server) => once(server, 'close'))
    smtp.close()
    web.close().closeAllConnections()
    await Promise.all(ends)
    closing.abort(new Error('The mail catcher was closed'))
  }
  try {
    const [smtpAt, webAt] = [await listen(smtp.server, smtpPort, host), await listen(web, webPort, host)]
    return { smtpUrl: `smtp://${smtpAt}`, webUrl: `http://${webAt}`, messages, until, refuse, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  await once(server.listen(port, host), 'listening')
  return `${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}

function createSmtp(refusalOf: Rule, caught: Take): SMTPServer {
  const smtp = new SMTPServer({
    size: maxBytes,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onRcptTo({ address }, _session, done) {
      const refusal = refusalOf(address)
      done(refusal === undefined ? null : refused(550, refusal))
    },
    onData: (stream, { envelope }, done) => receive(stream, envelope, caught).then(() => done(), done),
  })
  return smtp.on('error', () => {}) // A client that went away is no matter. A taken port is reported by `listen`.
}

const refused = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

/** Reads even what it refuses to the end, or the client would not hear why. Half a mail of a client that died rejects. */
async function receive(stream: SMTPServerDataStream, { rcptTo }: SMTPServerEnvelope, caught: Take) {
  const chunks: Buffer[] = []
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk)
  if (stream.sizeExceeded) throw refused(552, `The mail is larger than ${maxBytes} bytes`)
  const mail = await PostalMime.parse(Buffer.concat(chunks)).catch((error) => Promise.reject(refused(554, `${error}`)))
  const { messageId = '', subject: Subject = '', text: Text = '', html: HTML = '' } = mail
  const [From = { Name: '', Address: '' }] = people(mail.from && [mail.from])
  const [To, Cc, Bcc] = [people(mail.to), people(mail.cc), people(mail.bcc)]
  const Recipients = rcptTo.map(({ address }) => address)
  const Snippet = Text.slice(0, 1000).replace(/\s+/g, ' ').trim().slice(0, 250)
  const facts = { ID: randomUUID(), MessageID: messageId.replace(/^<|>$/g, ''), Created: new Date().toISOString() }
  caught({ ...facts, From, To, Cc, Bcc, Recipients, Subject, Size: stream.byteLength, Snippet, Text, HTML })
}

const summarise = ({ Text, HTML, ...summary }: CaughtMail) => summary
const people = (list: Address[] = []) =>
  list.flatMap((one) => one.group ?? one).map(({ name, address }) => ({ Name: name, Address: address }))

function createWeb(messages: () => CaughtMail[], clear: () => void) {
  return createServer(({ method, url = '' }, response) => {
    const { pathname, searchParams } = URL.parse(url, 'http://catcher') ?? new URL('http://catcher/malformed')
    const send = (type: string, body: string, policy = pagePolicy, status = 200) =>
      response.writeHead(status, { ...headers, 'content-type': type, 'content-security-policy': policy }).end(body)
    const json = (body: unknown, status = 200) => send('application/json', JSON.stringify(body), pagePolicy, status)
    const html = (body: string, policy = pagePolicy) => send('text/html; charset=utf-8', body, policy)
    const [route, all] = [`${method} ${pathname}`, messages()]
    if (route === 'DELETE /api/v1/messages') clear()
    if (/^(GET \/(livez|readyz)|DELETE \/api\/v1\/messages)$/.test(route)) return send('text/plain', 'ok')
    if (route === 'GET /') return html(renderMails(all))
    const start = Number(searchParams.get('start') ?? 0)
    const shown = all.slice(start, start + Number(searchParams.get('limit') ?? 50)).map(summarise)
    const counts = { total: all.length, unread: all.length, messages_count: all.length, count: shown.length, start }
    if (route === 'GET /api/v1/messages') return json({ ...counts, messages: shown })
    const [, kind, id, part] = /^GET \/(view|api\/v1\/message)\/([\w-]+)(\.html)?$/.exec(route) ?? []
    const mail = all.find(({ ID }) => id === ID || id === 'latest')
    if (!mail || kind !== 'view') return json(mail ?? { error: 'not found' }, mail ? 200 : 404)
    return part ? html(mail.HTML, htmlPartPolicy) : html(renderMail(mail))
  })
}

if (import.meta.main) {
  const [smtpPort = 1025, webPort = 8025] = process.argv.slice(2).map(Number)
  try {
    const { smtpUrl, webUrl, close } = await openMailCatcher({ smtpPort, webPort })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, close)
    console.log(`SMTP  ${smtpUrl}\nWeb   ${webUrl}\nStop  Ctrl-C`)
  } catch (error) {
    console.error(`${(error as Error).message}\nOther ports: node tools/mail-catcher.ts SMTP_PORT WEB_PORT`)
    process.exitCode = 1
  }
}
