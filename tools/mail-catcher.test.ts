import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { createTransport, type SendMailOptions } from 'nodemailer'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MailCatcher, openMailCatcher } from './mail-catcher.ts'

const cleanups: (() => unknown)[] = []
let catcher: MailCatcher

beforeEach(async () => {
  catcher = await openMailCatcher()
  cleanups.push(catcher.close)
})

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

const from = 'Seaworthy <no-reply@seaworthy.test>'
const hello = { from, to: 'ada@example.com', subject: 'Hello', text: 'Hello, Ada.' }
const send = (mail: SendMailOptions = {}) => createTransport(catcher.smtpUrl).sendMail({ ...hello, ...mail })
const portOf = (url: string) => Number(new URL(url).port)
const get = (path: string, init?: RequestInit) => fetch(catcher.webUrl + path, init)
type List = { messages: { Subject: string }[] }
const getJson = async (path: string) => (await (await get(path)).json()) as List
const listed = async () => (await getJson('/api/v1/messages')).messages.map(({ Subject }) => Subject)

const getPage = async (path: string) => {
  const answer = await get(path)
  return { policy: answer.headers.get('content-security-policy') ?? '', body: await answer.text() }
}

test('a mail is caught with its fields, and listed and shown as JSON under the names of Mailpit', async () => {
  const to = ['Ada Lovelace <ada@example.com>', 'bob@example.com']
  const html = '<p>Grüße</p>'
  await send({
    to,
    cc: 'Cy <cy@example.com>',
    bcc: 'dee@example.com',
    subject: 'Grüße',
    text: 'Schöne\r\n  Grüße',
    html,
    messageId: '<job-7@seaworthy.test>',
  })
  const [mail] = catcher.messages()
  const summary = {
    ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    MessageID: 'job-7@seaworthy.test',
    From: { Name: 'Seaworthy', Address: 'no-reply@seaworthy.test' },
    To: [
      { Name: 'Ada Lovelace', Address: 'ada@example.com' },
      { Name: '', Address: 'bob@example.com' },
    ],
    Cc: [{ Name: 'Cy', Address: 'cy@example.com' }],
    Bcc: [],
    Recipients: ['ada@example.com', 'bob@example.com', 'cy@example.com', 'dee@example.com'],
    Subject: 'Grüße',
    Created: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    Size: expect.any(Number),
    Snippet: 'Schöne Grüße',
  }
  expect(mail).toEqual({ ...summary, Text: 'Schöne\n  Grüße\n', HTML: expect.stringContaining(html) })
  expect(await getJson('/api/v1/messages')).toMatchObject({ total: 1, count: 1, start: 0, messages: [summary] })
  expect((await getJson('/api/v1/messages')).messages[0]).not.toHaveProperty('HTML')
  expect(await getJson(`/api/v1/message/${mail?.ID}`)).toEqual(mail)
})

test('the list is newest first and comes in pages', async () => {
  for (const subject of ['one', 'two', 'three']) await send({ subject })
  expect(catcher.messages().map(({ Subject }) => Subject)).toEqual(['three', 'two', 'one'])
  expect(await listed()).toEqual(['three', 'two', 'one'])
  const page = { total: 3, count: 1, messages: [{ Subject: 'two' }] }
  expect(await getJson('/api/v1/messages?start=1&limit=1')).toMatchObject(page)
  expect(await getJson('/api/v1/message/latest')).toMatchObject({ Subject: 'three' })
})

test('a mail that is sent twice under one Message-ID is caught twice, and the page shows the Message-ID', async () => {
  const messageId = '<job-7.published@seaworthy.test>'
  for (const subject of ['first', 'again']) await send({ messageId, subject })
  expect(catcher.messages().map(({ MessageID }) => MessageID)).toEqual(Array(2).fill('job-7.published@seaworthy.test'))
  const { body } = await getPage('/')
  expect(body.match(/job-7\.published@seaworthy\.test/g)).toHaveLength(2)
  expect((await getPage(`/view/${catcher.messages()[0]?.ID}`)).body).toContain('job-7.published@seaworthy.test')
})

test('only the newest thousand are kept', async () => {
  const pool = createTransport({ url: catcher.smtpUrl, pool: true, maxConnections: 1, maxMessages: 2000 })
  cleanups.push(() => pool.close())
  const numbers = Array.from({ length: 1001 }, (_, index) => `${index}`)
  await Promise.all(numbers.map((subject) => pool.sendMail({ from, to: 'ada@example.com', subject, text: 'x' })))
  const kept = catcher.messages().map(({ Subject }) => Number(Subject))
  expect(kept).toEqual(numbers.slice(1).map(Number).reverse())
})

test('deletion empties the list', async () => {
  await send()
  const answer = await get('/api/v1/messages', { method: 'DELETE' })
  expect([answer.status, await answer.text()]).toEqual([200, 'ok'])
  expect(catcher.messages()).toEqual([])
  expect(await getJson('/api/v1/messages')).toMatchObject({ total: 0, messages: [] })
})

test('a refused recipient gets 550 and the others are delivered, until the rule is taken away', async () => {
  catcher.refuse((address) => (address === 'gone@example.com' ? 'No such mailbox' : undefined))
  const to = ['gone@example.com', 'ada@example.com']
  const sent = await send({ to })
  expect(sent.accepted).toEqual(['ada@example.com'])
  const refusal = { recipient: 'gone@example.com', responseCode: 550, response: '550 No such mailbox' }
  expect(sent.rejectedErrors).toMatchObject([refusal])
  expect(catcher.messages()).toMatchObject([{ Recipients: ['ada@example.com'] }])
  await expect(send({ to: 'gone@example.com' })).rejects.toMatchObject({ responseCode: 550 })
  catcher.refuse(undefined)
  expect((await send({ to })).rejected).toEqual([])
})

test('a mail of more than a mebibyte is refused with 552, and the next one is caught', async () => {
  const large = send({ text: 'seven..\r\n'.repeat(2 ** 20 / 9) })
  await expect(large).rejects.toMatchObject({ responseCode: 552, command: 'DATA' })
  await send({ text: 'seven..\r\n'.repeat(2 ** 20 / 9 - 100), subject: 'just right' })
  expect(catcher.messages()).toMatchObject([{ Subject: 'just right' }])
})

test('a mail that no parser takes is refused for good, and the catcher goes on', async () => {
  const nested = (n: number) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`
  const raw = Array.from({ length: 300 }, (_, n) => nested(n)).join('')
  await expect(send({ raw, envelope: hello })).rejects.toMatchObject({ responseCode: 554 })
  await send()
  expect(await listed()).toEqual(['Hello'])
})

test('half a mail of a client that died is not caught, a whole one is', async () => {
  const half = 'EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\nSubject: half\r\n\r\nHalf'
  for (const said of [half, `${half}, then whole\r\n.\r\n`]) {
    const client = connect(portOf(catcher.smtpUrl), '127.0.0.1')
    await once(client, 'data')
    client.write(said)
    for await (const answer of client.iterator({ destroyOnReturn: false })) if (`${answer}`.includes('354')) break
    client.destroy()
  }
  await catcher.until((mails) => mails.length > 0)
  expect(catcher.messages()).toMatchObject([{ Text: 'Half, then whole\n' }])
})

test('markup in a mail is text on the pages, and only its links can be clicked', async () => {
  const evil = `</title><script>alert(1)</script>"'><img src=x onerror=alert(1)>`
  const address = '"<script>alert(2)</script>" <ada@example.com>'
  const messageId = '<"><script>alert(3)</script>@x>'
  const text = `${evil}\nhttps://a.example/?a=1&b="onclick="x javascript:alert(4)`
  await send({ subject: evil, text, from: address, to: address, messageId })
  const { ID } = catcher.messages()[0] ?? {}
  for (const path of ['/', `/view/${ID}`]) {
    const { policy, body } = await getPage(path)
    expect(body).toContain('alert(1)')
    expect(body).not.toMatch(/<(script|img)|<[^>]*\son\w+=|<\/title>.*<\/title>/s)
    const links = body.match(/href="[^/"][^"]*"/g) ?? []
    expect(links).toEqual(path === '/' ? [] : ['href="https://a.example/?a=1&#38;b="'])
    expect(policy).toMatch(/^default-src 'none'; style-src 'unsafe-inline';/)
    expect(policy).not.toContain('script')
  }
})

test('the HTML part is shown in a sandbox only, which scripts and the internet have no way out of', async () => {
  const html = '<script>alert(1)</script><img src="https://tracker.example/pixel.gif"><b>Hello</b>'
  await send({ html })
  const { ID } = catcher.messages()[0] ?? {}
  const outer = await getPage(`/view/${ID}`)
  expect(outer.body.match(/<iframe[^>]*>/g)).toEqual([`<iframe sandbox title="HTML part" src="/view/${ID}.html">`])
  expect(outer.body).not.toMatch(/<script|tracker/)
  const inner = await getPage(`/view/${ID}.html`)
  expect(inner.body).toContain(html)
  expect(inner.policy.split('; ')).toEqual(expect.arrayContaining(["default-src 'none'", 'img-src data:', 'sandbox']))
  expect(inner.policy).not.toMatch(/script|allow-|http|\*/)
})

test('what is not there is a 404, and a malformed path ends nothing', async () => {
  for (const path of ['/view/nobody', '/api/v1/message/nobody', '/api/v1/message/latest', '/other', '//']) {
    const answer = await get(path)
    expect([path, answer.status]).toEqual([path, 404])
  }
  expect((await get('/', { method: 'POST' })).status).toBe(404)
  expect((await get('/readyz')).status).toBe(200)
})

test('until answers at once what holds already, and else when it comes to hold', async () => {
  expect(await catcher.until((mails) => mails.length === 0)).toEqual([])
  const waits = [1, 2].map((count) => catcher.until((mails) => mails.length >= count))
  await send({ subject: 'one' })
  expect(await waits[0]).toMatchObject([{ Subject: 'one' }])
  await send({ subject: 'two' })
  expect(await waits[1]).toMatchObject([{ Subject: 'two' }, { Subject: 'one' }])
  const emptied = catcher.until((mails) => mails.length === 0)
  await get('/api/v1/messages', { method: 'DELETE' })
  expect(await emptied).toEqual([])
  await expect(catcher.until(() => JSON.parse('a predicate that throws'))).rejects.toThrow(SyntaxError)
})

test('closing ends both servers, whoever is connected or waits, and may be repeated', async () => {
  const client = connect(portOf(catcher.smtpUrl), '127.0.0.1')
  await once(client, 'data')
  await get('/')
  const closed = { name: 'AbortError', cause: new Error('The mail catcher was closed') }
  const waiting = expect(catcher.until((mails) => mails.length > 0)).rejects.toMatchObject(closed)
  const ended = once(client, 'close')
  await Promise.all([catcher.close(), ended, waiting])
  await catcher.close()
  await expect(send()).rejects.toThrow(/ECONNREFUSED/)
  await expect(get('/')).rejects.toThrow('fetch failed')
  const again = await openMailCatcher({ smtpPort: portOf(catcher.smtpUrl), webPort: portOf(catcher.webUrl) })
  await again.close()
})

test('a taken port is named, and the other port is free again', async () => {
  const [webPort, spare] = [portOf(catcher.webUrl), await openMailCatcher()]
  await spare.close()
  const smtpPort = portOf(spare.smtpUrl)
  await expect(openMailCatcher({ smtpPort, webPort })).rejects.toThrow(`already in use 127.0.0.1:${webPort}`)
  await (await openMailCatcher({ smtpPort })).close()
})

const run = (...ports: unknown[]) => {
  const child = spawn(process.execPath, [`${import.meta.dirname}/mail-catcher.ts`, ...ports.map(String)])
  cleanups.push(() => child.kill('SIGKILL'))
  return child
}

test('as a program it prints both addresses, and Ctrl-C ends it', async () => {
  const child = run(0, 0)
  const [said] = await once(child.stdout, 'data')
  expect(`${said}`).toMatch(/^SMTP {2}smtp:\/\/127\.0\.0\.1:\d+\nWeb {3}http:\/\/127\.0\.0\.1:\d+\n/)
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('as a program it says which port is taken, without a stack, and fails', async () => {
  const smtpPort = portOf(catcher.smtpUrl)
  const child = run(smtpPort, 0)
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  const taken = `listen EADDRINUSE: address already in use 127.0.0.1:${smtpPort}`
  expect(said).toBe(`${taken}\nOther ports: node tools/mail-catcher.ts SMTP_PORT WEB_PORT\n`)
  expect(code).toBe(1)
})
