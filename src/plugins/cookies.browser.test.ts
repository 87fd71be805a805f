// Cookie mode in a real Chromium, with the whole service behind it: what a page of ours can do, and what another page can't.
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { freePorts } from '../../tools/stack.ts'

const executablePath = '/usr/bin/chromium'
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const [port = 0] = await freePorts(1)
// Browsers take `Secure` cookies of localhost without TLS.
const url = `http://localhost:${port}`
const { app, signUp, lines } = await buildTestApp({ env: { PUBLIC_URL: url } })
const elsewhere = createServer((_request, answer) => void answer.setHeader('content-type', 'text/html').end('<p>Hi'))
let browser: Browser
let page: Page

beforeAll(async () => {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is not here: apt-get install chromium`)
  await app.listen({ port, host: '127.0.0.1' })
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  browser = await chromium.launch({ executablePath, args: args.split(' ') })
})
afterAll(async () => {
  await browser?.close()
  elsewhere.close()
})
beforeEach(async () => {
  page = await (await browser.newContext()).newPage()
  await page.goto(`${url}/docs`)
})

type Sent = { body?: unknown; headers?: Record<string, string> }

/** What the script of a page gets: the status and the body, or how it was kept from them. */
async function send(method: string, path: string, { body, headers }: Sent = {}) {
  const asked = {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }
  const script = `fetch(${JSON.stringify(url + path)}, ${JSON.stringify({ ...asked, credentials: 'include' })})
    .then(async (answer) => ({ status: answer.status, text: await answer.text() }), (error) => ({ status: 0, text: String(error) }))`
  return page.evaluate<{ status: number; text: string }>(script)
}

async function signIn() {
  const { email, password } = await signUp('client')
  const { status, text } = await send('POST', '/v1/auth/login', { body: { email, password, mode: 'cookie' } })
  expect(status).toBe(200)
  return JSON.parse(text) as { csrfToken: string }
}

const rename = (headers: Record<string, string> = {}) =>
  send('PATCH', '/v1/me', { body: { name: 'Cleo' }, headers: { 'if-match': '*', ...headers } })

test('a page signs in, reads, writes with its proof, renews and signs out, and never sees a token', async () => {
  const { csrfToken } = await signIn()
  expect(await page.evaluate('document.cookie')).toBe(`__Host-csrf=${csrfToken}`)
  const kept = (await page.context().cookies()).map(({ name, httpOnly, secure, sameSite }) => [
    name,
    httpOnly,
    secure,
    sameSite,
  ])
  expect(kept.sort()).toEqual([
    ['__Host-access', true, true, 'Strict'],
    ['__Host-csrf', false, true, 'Strict'],
    ['__Host-refresh', true, true, 'Strict'],
  ])
  expect((await send('GET', '/v1/me')).status).toBe(200)
  expect((await rename()).status).toBe(403)
  const proof = { 'x-csrf-token': csrfToken }
  expect((await rename(proof)).status).toBe(200)
  expect((await send('POST', '/v1/auth/refresh', { body: {}, headers: proof })).status).toBe(200)
  expect((await send('POST', '/v1/auth/logout', { headers: proof })).status).toBe(204)
  expect((await send('GET', '/v1/me')).status).toBe(401)
  expect(await page.evaluate('document.cookie')).toBe('')
})

test.each([
  ['another site', '127.0.0.1', 401],
  ['another port of the same site, which the cookies go along with', 'localhost', 403],
])('a page of %s neither reads nor writes', async (_, host, refusal) => {
  await signIn()
  const { port: other } = elsewhere.address() as AddressInfo
  await page.goto(`http://${host}:${other}/`)
  // The script gets no answer, whatever it was.
  expect((await send('GET', '/v1/me')).status).toBe(0)
  expect((await rename()).status).toBe(0)
  // What a form can send arrives, though its sender sees no answer.
  const options = "{ method: 'POST', mode: 'no-cors', credentials: 'include' }"
  await page.evaluate(`fetch('${url}/v1/auth/logout', ${options}).catch(() => {})`)
  expect(lines.findLast(({ path }) => path === '/v1/auth/logout')?.status).toBe(refusal)
  await page.goto(`${url}/docs`)
  const { status, text } = await send('GET', '/v1/me')
  expect([status, JSON.parse(text).name]).toEqual([200, 'A client'])
})
