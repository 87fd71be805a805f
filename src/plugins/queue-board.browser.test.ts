// The board in a real Chromium, under the policy that it is sent with: a page whose files are not found is blank, and answers 200.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const executablePath = '/usr/bin/chromium'
if (!existsSync(executablePath)) throw new Error(`${executablePath} is not here: apt-get install chromium`)
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

const { app, signUp } = await buildTestApp()
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const browser = await chromium.launch({ executablePath, args })
afterAll(() => browser.close())

test.each(['/admin/queues', '/admin/queues/', '/admin/queues/queue/mail'])('%s shows the queues', async (path) => {
  const { token } = await signUp('support')
  const context = await browser.newContext({ extraHTTPHeaders: { authorization: `Bearer ${token}` } })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('response', (answer) => answer.status() >= 400 && problems.push(`${answer.status()} ${answer.url()}`))
  await page.goto(url + path)
  await page.getByText('schedules').first().waitFor()
  expect(await page.title()).toContain('Seaworthy queues')
  expect(problems).toEqual([])
  await context.close()
})
