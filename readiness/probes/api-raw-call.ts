// Sends bytes as they are, for what no HTTP client would send.
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Answer } from '../context/http.ts'
import { red } from '../control.ts'

/** The answer; the server has to close the connection after it. */
export async function callRaw(url: string, bytes: string): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setTimeout(15_000, () => socket.destroy(new Error('No answer to what is no HTTP')))
  await once(socket, 'connect')
  socket.write(bytes)
  const said = await text(socket)
  const [head = '', body = ''] = said.split('\r\n\r\n', 2)
  const fields = new Map(head.split('\r\n').map((line) => line.split(': ', 2) as [string, string]))
  const named = new Map([...fields].map(([name, value]) => [name.toLowerCase(), value]))
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? red('no-answer', said.slice(0, 200))),
    text: body,
    field: (name) => named.get(name),
    fields: (name) => [named.get(name) ?? []].flat(),
    json: <T>() => JSON.parse(body) as T,
  }
}
