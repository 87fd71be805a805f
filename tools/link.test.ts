import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setImmediate as tick } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, expect, inject, test, vi } from 'vitest'
import { openLink } from './link.ts'
import { copyDatabase } from './scratch-databases.ts'
import { statementCounter } from './statements.ts'

const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
await once(echo, 'listening')
afterAll(() => echo.close())

async function open() {
  const link = await openLink((echo.address() as AddressInfo).port)
  const dial = async () => {
    const socket = connect(link.port, '127.0.0.1').on('error', () => {})
    await once(socket, 'connect')
    const say = async (word: string) => {
      socket.write(word)
      const [heard] = await once(socket, 'data')
      return String(heard)
    }
    return { socket, say }
  }
  return { link, dial }
}

test('what is said comes through', async () => {
  const { link, dial } = await open()
  const { socket, say } = await dial()
  expect(await say('hello')).toBe('hello')
  socket.destroy()
  await link.close()
})

test('cut: connections break, new ones are refused; mended: they are taken again', async () => {
  const { link, dial } = await open()
  const { socket } = await dial()
  await Promise.all([once(socket, 'close'), link.cut()])
  const refused = connect(link.port, '127.0.0.1')
  const [error] = await once(refused, 'error')
  expect(error.code).toBe('ECONNREFUSED')
  await link.mend()
  const again = await dial()
  expect(await again.say('back')).toBe('back')
  again.socket.destroy()
  await link.close()
})

test('held: nothing comes through, old connections and new ones alike, until it is mended', async () => {
  const { link, dial } = await open()
  const before = await dial()
  link.hold()
  const during = await dial()
  const heard: string[] = []
  const words = [before, during].map(({ say }, index) => say(`word ${index}`).then((word) => heard.push(word)))
  // Another connection that is not held passes a word meanwhile.
  const other = await open()
  const free = await other.dial()
  expect([await free.say('free'), heard]).toEqual(['free', []])
  await link.mend()
  await Promise.all(words)
  expect(heard.sort()).toEqual(['word 0', 'word 1'])
  for (const { socket } of [before, during, free]) socket.destroy()
  await Promise.all([link.close(), other.link.close()])
})

test('forgotten: what was connected hears nothing more, even mended, and new connections pass', async () => {
  const { link, dial } = await open()
  const before = await dial()
  expect(await before.say('first')).toBe('first')
  expect([link.forget(60_000), link.forget(), link.forget()]).toEqual([0, 1, 0])
  const heard: string[] = []
  void before.say('lost').then((word) => heard.push(word))
  const after = await dial()
  expect(await after.say('new')).toBe('new')
  await link.mend()
  expect([await after.say('newer'), heard]).toEqual(['newer', []])
  for (const { socket } of [before, after]) socket.destroy()
  await link.close()
})

test('delayed: what is said comes as much later, in its order, and mended at once again', async () => {
  const { link, dial } = await open()
  const { socket, say } = await dial()
  const heard: string[] = []
  socket.on('data', (bytes) => heard.push(String(bytes)))
  link.delay(60)
  const start = performance.now()
  await say('a')
  expect(performance.now() - start).toBeGreaterThanOrEqual(58)
  socket.write('b')
  link.delay(20)
  await vi.waitUntil(() => heard.join('') === 'ab')
  for (const word of 'cdefgh') {
    socket.write(word)
    await tick()
  }
  await vi.waitUntil(() => heard.join('') === 'abcdefgh')
  await link.mend()
  expect(await say('!')).toBe('!')
  socket.destroy()
  await link.close()
})

test('the statements that pass are counted: each query, and each execution of a prepared one', async () => {
  const { adminUrl } = await copyDatabase(inject('template'))
  const link = await openLink(Number(new URL(adminUrl).port))
  const client = new pg.Client({ connectionString: adminUrl.replace(/:\d+\//, `:${link.port}/`) })
  await client.connect()
  expect(link.statements()).toBe(0)
  await client.query('SELECT 1')
  expect(link.statements()).toBe(1)
  for (const value of ['x'.repeat(200_000), 'QE'])
    await client.query({ text: 'SELECT $1::text', name: 'echo', values: [value] })
  expect(link.statements()).toBe(3)
  await client.end()
  await link.close()
})

/** A message of PostgreSQL, as a client says it. The first ones of a connection have no type. */
function message(type: string, content: string | number): Buffer {
  const body = typeof content === 'string' ? Buffer.from(content) : Buffer.alloc(4)
  if (typeof content === 'number') body.writeInt32BE(content)
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + body.length)
  return Buffer.concat([Buffer.from(type), length, body])
}

test('bytes that come one by one are counted the same', () => {
  let seen = 0
  const count = statementCounter(() => seen++)
  const start = message('', 'start QQQ')
  const all = Buffer.concat([start, message('Q', 'SELECT'), message('B', 'EEE'), message('E', '')])
  for (const byte of all) count(Buffer.from([byte]))
  expect(seen).toBe(2)
})

test('one that asks for TLS first, and gets none, is counted the same', () => {
  let seen = 0
  const count = statementCounter(() => seen++)
  const wish = message('', 80_877_103)
  for (const said of [wish, message('', 'start QQQ'), message('Q', 'SELECT')]) count(said)
  expect(seen).toBe(1)
})

test('what is no message of PostgreSQL is refused', () => {
  const count = statementCounter(() => {})
  count(message('', 'start'))
  expect(() => count(Buffer.from('Q\xff\xff\xff\xff', 'latin1'))).toThrow('no message of PostgreSQL')
})
