// Mail over SMTP. A server that does not answer in time is a failure, and the caller's job is tried again.
import { createTransport } from 'nodemailer'
import type { Outside } from './outside.ts'
import { inSpan, SpanKind } from './spans.ts'

export type Mail = { id: string; to: string; subject: string; text: string }
export type Mailer = ReturnType<typeof createMailer>

/** `url` is smtp:// or smtps://, `from` the sender's address. One connection is kept open and used again. */
export function createMailer({ url, from, timeout }: { url: string; from: string; timeout: number }) {
  const limits = { connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout, dnsTimeout: timeout }
  // A password goes over TLS or not at all.
  const requireTLS = new URL(url).password !== ''
  const transport = createTransport({
    url,
    pool: true,
    requireTLS,
    maxConnections: 2,
    ...limits,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const { hostname, port } = new URL(url)
  const server = { 'network.protocol.name': 'smtp', 'server.address': hostname, 'server.port': Number(port) || 25 }
  const domain = from.split('@')[1] ?? 'localhost'

  return {
    /** The same `id` gives the same Message-ID, by which a mail that is sent twice can be told. Rejects when it is not accepted. */
    async send({ id, ...mail }: Mail): Promise<void> {
      const send = () => transport.sendMail({ ...mail, from, messageId: `<${id}@${domain}>` })
      await inSpan('send mail', { kind: SpanKind.CLIENT, attributes: server }, send).catch((error: Error) => {
        // What a server says may repeat the address, and errors are logged.
        const said = error.message.replace(/[^\s<>,;:"]+@[^\s<>,;:"]+/g, '(address)')
        throw Object.assign(new Error(said), { code: (error as NodeJS.ErrnoException).code })
      })
    },
    /** Connects and signs in, on a connection of its own. Rejects when the server does not answer, or refuses. */
    async verify(): Promise<void> {
      await transport.verify().catch(() => Promise.reject(new Error('out of reach')))
    },
    close: () => transport.close(),
  }
}

/** The same mailer by way of a guard. A server that refuses one mail or its recipient is well. */
export function guardMailer({ send, verify, close }: Mailer, outside: Outside): Mailer {
  const { run } = outside.guard('mail', {
    code: 'MAIL_UNAVAILABLE',
    atOnce: 100,
    failed: (error) => !['EENVELOPE', 'EMESSAGE'].includes((error as NodeJS.ErrnoException).code ?? ''),
  })
  return { send: (mail) => run(() => send(mail)), verify: () => run(verify), close }
}
