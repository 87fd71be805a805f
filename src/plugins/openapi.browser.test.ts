// The pages in a real Chromium, under the policy that they are sent with. It needs chromium, and fails where there is none.
import { existsSync } from 'node:fs'
import Fastify from 'fastify'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { renderHomePage } from '../../tools/home-page.ts'
import { jobsRoutes } from '../modules/jobs/jobs.routes.ts'
import type { JobsService } from '../modules/jobs/jobs.service.ts'
import { compress } from './compress.ts'
import { conditional } from './conditional.ts'
import { controls } from './controls.ts'
import { home } from './home.ts'
import { openapi } from './openapi.ts'
import { problems } from './problems.ts'
import { securityFields } from './security-fields.ts'
import { validation } from './validation.ts'

const executablePath = '/usr/bin/chromium'
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const app = Fastify()
let url: string
let browser: Browser
let page: Page
let complaints: string[]
let statuses: number[]
let requests: string[]

beforeAll(async () => {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is not here: apt-get install chromium`)
  app.addHook('onResponse', async (_request, reply) => void statuses.push(reply.statusCode))
  for (const plugin of [securityFields, problems, controls, validation, conditional]) await app.register(plugin)
  await app.register(compress, { from: 1024 })
  await app.register(openapi, { publicUrl: 'http://127.0.0.1:8080', version: '1.2.3' })
  const content = { links: [], signIns: [{ email: 'ada@example.com', role: 'client' }], password: 'x', url: 'http://x' }
  await app.register(home, { page: renderHomePage(content) })
  await app.register(jobsRoutes, { prefix: '/v1/jobs', jobs: {} as JobsService })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
  browser = await chromium.launch({ executablePath, args: args.split(' ') })
})
afterAll(async () => {
  await browser?.close()
  await app.close()
})
beforeEach(async () => {
  page = await (await browser.newContext()).newPage()
  complaints = []
  requests = []
  statuses = []
  page.on('console', (message) => complaints.push(`${message.text()} ${message.location().url}`))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
  expect(requests.filter((asked) => !asked.startsWith(url) && !asked.startsWith('data:'))).toEqual([])
  expect(requests.length).toBeGreaterThan(0)
})

const styleOf = (selector: string, property: string) =>
  page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}'))['${property}']`)

/** Text of a script that got into the page. */
const plant = () =>
  page.evaluate(`(() => {
    const script = document.createElement('script')
    script.textContent = 'document.title = "owned"'
    document.body.append(script)
  })()`)

test.each(['/docs', '/docs/'])('%s shows every operation in its own clothes, and asks no other host', async (path) => {
  await page.goto(url + path)
  await page.locator('.opblock').first().waitFor()
  expect(await page.locator('.opblock').count()).toBe(8)
  expect(await page.title()).toBe('Seaworthy API')
  expect(await page.locator('.info .title').textContent()).toContain('1.2.3')
  // Of the style sheet of swagger-ui, and of ours.
  expect(await styleOf('.opblock-summary-method', 'color')).toBe('rgb(255, 255, 255)')
  expect(await page.locator('.topbar').isVisible()).toBe(false)
})

test('an operation opens, with its parameters, its example and its answers', async () => {
  await page.goto(`${url}/docs`)
  await page.locator('#operations-jobs-createJob button.opblock-summary-control').click()
  await page.getByRole('button', { name: 'Try it out' }).click()
  await page.locator('#operations-jobs-createJob textarea').first().waitFor()
  await page.getByRole('button', { name: 'Authorize', exact: true }).click()
  await page.locator('.modal-ux-content').waitFor()
})

test('a second look takes the page from the browser', async () => {
  await page.goto(`${url}/docs`)
  await page.locator('.opblock').first().waitFor()
  expect(new Set(statuses)).toEqual(new Set([200]))
  statuses = []
  await page.goto('about:blank')
  await page.goto(`${url}/docs`)
  await page.locator('.opblock').first().waitFor()
  expect(new Set(statuses)).toEqual(new Set([304]))
})

test.each(['/docs', '/'])('the policy of %s stops a script that gets in', async (path) => {
  await page.goto(url + path)
  await plant()
  expect(await page.title()).toMatch(/^Seaworthy/)
  expect(complaints.join()).toContain('Content Security Policy')
  complaints = []
})

test('the home page has its style', async () => {
  await page.goto(url)
  expect(await styleOf('body', 'maxWidth')).not.toBe('none')
  expect(await page.getByText('ada@example.com').first().isVisible()).toBe(true)
})
