// The page in a real Chromium: what only a browser can tell. It needs chromium, and fails where there is none.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { renderBadge } from './badge.ts'
import { renderPage } from './html.ts'
import { renderJunit } from './junit.ts'
import { sampleDigest, sampleReport, sampleSignOffs } from './sample.ts'

const executablePath = '/usr/bin/chromium'
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const folder = mkdtempSync(join(tmpdir(), 'readiness-page-'))
const file = join(folder, 'index.html')
let browser: Browser
let page: Page
let complaints: string[]
let requests: string[]

beforeAll(async () => {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is not here: apt-get install chromium`)
  writeFileSync(file, renderPage(sampleReport(), sampleSignOffs().slice(1), sampleDigest))
  browser = await chromium.launch({ executablePath, args: args.split(' ') })
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => openPage({ viewport: { width: 1280, height: 900 } }))
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
  expect(requests.filter((url) => !url.startsWith('file:'))).toEqual([])
  expect(requests.length).toBeGreaterThan(0)
})

async function openPage(options: BrowserContextOptions) {
  await page?.context().close()
  page = await (await browser.newContext(options)).newPage()
  complaints = []
  requests = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(pathToFileURL(file).href)
}

const shown = () => page.locator('details.control:visible h4').allTextContents()
const result = () => page.locator('output').textContent()
const widest = () =>
  page.evaluate<number>(
    `Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *:not(.skip)')].map((one) => Math.ceil(one.getBoundingClientRect().right)))`,
  )
const openAll = () => page.getByRole('button', { name: 'Open all' }).click()

test('status, level and area each narrow the list, and the count is told', async () => {
  expect(await shown()).toHaveLength(10)
  await page.getByRole('combobox', { name: 'Status' }).selectOption('failing')
  expect(await shown()).toEqual(['SEC-19', 'SEC-20', 'OPS-06'])
  await page.getByRole('combobox', { name: 'Level' }).selectOption('must')
  expect(await shown()).toEqual(['SEC-19', 'SEC-20'])
  expect(await result()).toBe('2 of 10 controls shown')
  expect(await page.locator('output').getAttribute('aria-live')).toBe('polite')
  await page.getByRole('combobox', { name: 'Area' }).selectOption('api')
  expect(await shown()).toEqual([])
  expect(await page.getByText('No control matches this filter.').isVisible()).toBe(true)
  await page.getByRole('button', { name: 'Clear' }).click()
  await expect.poll(shown).toHaveLength(10)
})

test('all but verified is a filter of its own', async () => {
  await page.getByRole('combobox', { name: 'Status' }).selectOption('all but verified')
  expect(await shown()).toEqual(['SEC-19', 'SEC-20', 'API-03', 'REL-04', 'REL-05', 'OPS-06', 'DRY-07'])
})

test('a search finds every word, in folded text too, from the keyboard alone', async () => {
  await page.getByLabel('Search').focus()
  await page.keyboard.type('DOCKER  stale')
  expect(await shown()).toEqual(['REL-05'])
  expect(await result()).toContain('1 of 10 controls shown')
  for (const key of ['Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Enter']) await page.keyboard.press(key)
  expect(await page.locator('#REL-05').getAttribute('open')).not.toBeNull()
})

test('no filter takes a failing must off the page', async () => {
  await page.getByRole('combobox', { name: 'Status' }).selectOption('verified')
  expect(await shown()).not.toContain('SEC-19')
  expect(await page.locator('section[aria-labelledby=failing] a:visible').allTextContents()).toEqual([
    'SEC-19',
    'SEC-20',
  ])
  expect(await result()).toContain('failing musts hidden here, but listed above: 2')
})

test('a link to a control opens it, even when it was filtered out, and a second time', async () => {
  const link = page.locator('section[aria-labelledby=failing] a').first()
  for (let time = 0; time < 2; time++) {
    await page.getByRole('combobox', { name: 'Status' }).selectOption('verified')
    await link.click()
    await expect.poll(() => page.locator('#SEC-19 .body').isVisible()).toBe(true)
  }
})

test('a count of the table leads to those controls', async () => {
  await page.getByRole('link', { name: '2 failing in security' }).click()
  await expect.poll(shown).toEqual(['SEC-19', 'SEC-20'])
})

test('hostile text is inert: it makes no element and runs nothing', async () => {
  await openAll()
  expect(await page.title()).toBe('NO GO: readiness of c0ffee1')
  expect(await page.locator('img, script:not(body > script:last-child), .evidence b').count()).toBe(0)
  expect(await page.locator('#API-02 .holds').textContent()).toContain('</script></style><img src=x onerror=')
})

test('the policy stops a script and a style that would get in all the same', async () => {
  await page.evaluate(`(() => {
    const style = document.createElement('style')
    style.textContent = 'h1 { display: none }'
    document.body.append(style)
    const script = document.createElement('script')
    // Trusted types refuse a text, so the script comes as a child; the policy has to stop that one.
    script.append(document.createTextNode('document.title = "owned"'))
    document.body.append(script)
  })()`)
  expect(await page.locator('h1').isVisible()).toBe(true)
  expect(await page.title()).toBe('NO GO: readiness of c0ffee1')
  expect(complaints.join()).toContain('Content Security Policy')
  complaints = []
})

test('nothing is wider than a phone of 360 px, with everything open', async () => {
  await openPage({ viewport: { width: 360, height: 740 } })
  expect(await widest()).toBeLessThanOrEqual(360)
  await openAll()
  expect(await page.locator('.body:visible').count()).toBe(10)
  expect(await widest()).toBeLessThanOrEqual(360)
})

test('a dark scheme is dark and a light one light', async () => {
  const lightness = (property: string) =>
    page.evaluate<number>(
      `getComputedStyle(document.body)['${property}'].match(/\\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3`,
    )
  expect(await lightness('backgroundColor')).toBeGreaterThan(240)
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await lightness('backgroundColor')).toBeLessThan(40)
  expect(await lightness('color')).toBeGreaterThan(200)
})

test('paper shows every control opened, whatever the filter hid, and no form', async () => {
  await page.getByRole('combobox', { name: 'Status' }).selectOption('failing')
  await page.emulateMedia({ media: 'print' })
  expect(await page.locator('details.control:visible').count()).toBe(10)
  const heights = await page.locator('.body').evaluateAll((bodies) => bodies.map((body) => body.clientHeight))
  expect(heights).toHaveLength(10)
  expect(Math.min(...heights)).toBeGreaterThan(50)
  expect(await page.getByLabel('Search').isVisible()).toBe(false)
  expect((await page.pdf()).byteLength).toBeGreaterThan(10_000)
})

test('without a script everything is there, and no form that would do nothing', async () => {
  await openPage({ viewport: { width: 1280, height: 900 }, javaScriptEnabled: false })
  expect(await shown()).toHaveLength(10)
  expect(await page.getByLabel('Search').isVisible()).toBe(false)
  await page.locator('#SEC-17 summary').click()
  expect(await page.locator('#SEC-17 .body').isVisible()).toBe(true)
})

test('headings descend by one at a time, and every region has a name', async () => {
  const levels = await page.locator('h1, h2, h3, h4, h5').evaluateAll((all) => all.map((one) => Number(one.tagName[1])))
  expect(levels[0]).toBe(1)
  expect(levels.length).toBeGreaterThan(20)
  expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([])
  for (const role of ['banner', 'navigation', 'main', 'search', 'contentinfo'] as const)
    expect(await page.getByRole(role).count(), role).toBe(1)
})

test('the JUnit file and the badge are well-formed XML', async () => {
  const problems = `([type, text]) => new DOMParser().parseFromString(text, type).querySelector('parsererror')?.textContent ?? ''`
  // Trusted types forbid the parser on the page itself.
  await page.goto('about:blank')
  for (const text of [renderJunit(sampleReport()), renderBadge(sampleReport())])
    expect(await page.evaluate(`(${problems})(${JSON.stringify(['application/xml', text])})`)).toBe('')
})
