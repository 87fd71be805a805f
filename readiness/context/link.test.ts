import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { openLink } from './link.ts'

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
