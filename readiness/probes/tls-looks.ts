// TLS as a client meets it: what is shown, what is agreed on, and answers over connections that are new or kept.
import { Agent, type RequestOptions, request } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { type ConnectionOptions, connect } from 'node:tls'

export type Place = { port: number; host: string; ca: string[] }
export type Shown = { serial: string; issuer: string; ends: number; trusted: boolean }
type Heard = { status: number; text: string; hsts: string; again: boolean }
type Agreed = { protocol: string; cipher: string; shown: Shown }

/** One handshake. Rejects as the server, or our own OpenSSL, refuses it. */
export function shake({ port, host, ca }: Place, wishes: ConnectionOptions = {}): Promise<Agreed> {
  return new Promise((resolve, reject) => {
    const place = { host: '127.0.0.1', port, ca, rejectUnauthorized: false, timeout: 10_000 }
    const socket = connect({ ...place, ...(/^[\d.]+$/.test(host) ? {} : { servername: host }), ...wishes }, () => {
      const { serialNumber, issuer, valid_to } = socket.getPeerCertificate()
      const shown = { serial: serialNumber, issuer: String(issuer?.CN), ends: Date.parse(valid_to) / 1000 }
      const agreed = { protocol: String(socket.getProtocol()), cipher: socket.getCipher().standardName }
      resolve({ ...agreed, shown: { ...shown, trusted: socket.authorized } })
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(new Error('no handshake within 10 s')))
  })
}

/** An answer; its body is read to the end. */
function ask({ port, host, ca }: Place, path: string, more: RequestOptions): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const place = { host: '127.0.0.1', port, servername: host, headers: { host }, ca, timeout: 60_000 }
    const sent = request({ ...place, path, ...more }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      answer.once('error', reject)
      const hsts = answer.headers['strict-transport-security'] ?? ''
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text, hsts, again: false }))
    })
    sent.once('timeout', () => sent.destroy(new Error('no answer within 60 s')))
    // A server may close a connection at the moment in which it is used again: RFC 9112, section 9.3.1, then has the client repeat.
    sent.once('error', (error) => {
      if (!sent.reusedSocket) return void reject(error)
      ask({ port, host, ca }, path, more).then((answer) => resolve({ ...answer, again: true }), reject)
    })
    sent.end()
  })
}

/** Calls without pause, on new connections and on one that is kept, until it is stopped. */
export function callOnAndOn(place: Place, path: string) {
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  const lost: string[] = []
  let [stopped, answered, repeated] = [false, 0, 0]
  const lane = async (agent: Agent | false) => {
    while (!stopped) {
      const answer = await ask(place, path, { agent }).catch((error: Error) => error)
      if (answer instanceof Error) lost.push(answer.message)
      else if (answer.status !== 200) lost.push(`status ${answer.status}`)
      else answered += 1
      if (!(answer instanceof Error) && answer.again) repeated += 1
      await delay(10)
    }
  }
  const all = [lane(false), lane(false), lane(kept)]
  return {
    async stop() {
      stopped = true
      await Promise.all(all)
      kept.destroy()
      return { answered, repeated, lost }
    },
  }
}

/** One answer on a connection of its own. */
export const askOnce = (place: Place, path: string) => ask(place, path, { agent: false })
