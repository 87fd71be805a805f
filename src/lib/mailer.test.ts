import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, afterEach, expect, test } from 'vitest'
import { openMailCatcher } from '../../tools/mail-catcher.ts'
import { createMailer, guardMailer } from './mailer.ts'
import { createMetrics } from './metrics.ts'
import { createOutside } from './outside.ts'

const catcher = await openMailCatcher()
afterAll(catcher.close)
const opened: ReturnType<typeof createMailer>[] = []
afterEach(() => {
  for (const mailer of opened.splice(0)) mailer.close()
})

function open(url = catcher.smtpUrl, timeout = 2000) {
  const mailer = createMailer({ url, from: 'seaworthy@harbour.example', timeout })
  opened.push(mailer)
  return mailer
}

const mail = (id: string, to = 'worker@example.com') => ({ id, to, subject: 'You have a contract', text: 'Grüße,\nwe' })
const caught = (id: string) => catcher.messages().filter(({ MessageID }) => MessageID === `${id}@harbour.example`)

test('a mail arrives as it was given, from our address, under the id of its event', async () => {
  await open().send(mail('first'))
  const [arrived] = caught('first')
  expect(arrived).toMatchObject({
    MessageID: 'first@harbour.example',
    From: { Address: 'seaworthy@harbour.example' },
    To: [{ Address: 'worker@example.com' }],
    Subject: 'You have a contract',
  })
  expect(arrived?.Text.trim()).toBe('Grüße,\nwe')
})

test('a mail that is sent twice has one Message-ID, and another mail another', async () => {
  const mailer = open()
  for (const id of ['twice', 'twice', 'another']) await mailer.send(mail(id))
  expect([caught('twice').length, caught('another').length]).toEqual([2, 1])
})

test('a subject or a recipient can’t add a header or a recipient of its own', async () => {
  const subject = 'Hello\r\nBcc: thief@example.com'
  await open().send({ ...mail('injected'), subject })
  expect(caught('injected')).toMatchObject([{ Recipients: ['worker@example.com'], Bcc: [] }])
})

test('a recipient whom the server refuses rejects with its answer but not the address, and the next mail goes', async () => {
  const mailer = open()
  catcher.refuse((address) => (address === 'gone@example.com' ? 'No such person' : undefined))
  await expect(mailer.send(mail('refused', 'gone@example.com'))).rejects.toThrow('No such person')
  await expect(mailer.send(mail('refused', 'gone@example.com'))).rejects.not.toThrow('gone@example.com')
  await mailer.send(mail('after the refusal'))
  expect([caught('refused').length, caught('after the refusal').length]).toEqual([0, 1])
})

test('a server that is not there rejects at once', async () => {
  const before = performance.now()
  await expect(open('smtp://127.0.0.1:1').send(mail('nowhere'))).rejects.toThrow('ECONNREFUSED')
  expect(performance.now() - before).toBeLessThan(1500)
})

test('a server is verified without a mail, and one that is not there is out of reach', async () => {
  const before = catcher.messages().length
  await expect(open().verify()).resolves.toBeUndefined()
  expect(catcher.messages().length).toBe(before)
  await expect(open('smtp://127.0.0.1:1').verify()).rejects.toThrow('out of reach')
})

test('a server that takes the connection and says nothing rejects within the timeout', async () => {
  const sockets: Socket[] = []
  const mute = createServer((socket) => sockets.push(socket.on('error', () => {})))
  await once(mute.listen(0, '127.0.0.1'), 'listening')
  const before = performance.now()
  await expect(
    open(`smtp://127.0.0.1:${(mute.address() as AddressInfo).port}`, 300).send(mail('mute')),
  ).rejects.toThrow()
  const took = performance.now() - before
  expect(took).toBeGreaterThan(250)
  expect(took).toBeLessThan(1500)
  for (const socket of sockets) socket.destroy()
  mute.close()
})

test('a server that went away between two mails and came back gets the second', async () => {
  const first = await openMailCatcher()
  const mailer = open(first.smtpUrl)
  await mailer.send(mail('before'))
  await first.close()
  await expect(mailer.send(mail('while away'))).rejects.toThrow()
  const second = await openMailCatcher({ smtpPort: Number(new URL(first.smtpUrl).port) })
  await mailer.send(mail('after'))
  expect(second.messages().map(({ MessageID }) => MessageID)).toEqual(['after@harbour.example'])
  await second.close()
})

test('a server that is away is left alone by its breaker, and one that refuses a recipient is well', async () => {
  const outside = createOutside({ metrics: createMetrics(), failures: 2, openFor: 60_000 })
  const guarded = guardMailer(open(), outside)
  catcher.refuse(() => 'No such person')
  for (const id of ['a', 'b', 'c']) await expect(guarded.send(mail(id))).rejects.toThrow('No such person')
  catcher.refuse(undefined)
  await guarded.send(mail('taken'))
  const away = guardMailer(
    open('smtp://127.0.0.1:1'),
    createOutside({ metrics: createMetrics(), failures: 2, openFor: 60_000 }),
  )
  for (const id of ['d', 'e']) await expect(away.send(mail(id))).rejects.toThrow('ECONNREFUSED')
  await expect(away.send(mail('f'))).rejects.toMatchObject({ status: 503, code: 'MAIL_UNAVAILABLE' })
  await expect(away.verify()).rejects.toMatchObject({ code: 'MAIL_UNAVAILABLE' })
})
