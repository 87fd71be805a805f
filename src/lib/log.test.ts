import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createLog } from './log.ts'

/** A log, and the lines that it wrote. */
function build(level = 'info') {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) }
  const identity = { service: 'seaworthy-test', version: '1.2.3', deployment: 'staging' }
  return { log: createLog({ level, format: 'json', ...identity, destination }), lines }
}

test('a line is JSON with the time in UTC, the level by its name, and who speaks', () => {
  const { log, lines } = build()
  log.warn({ attempt: 2 }, 'trying again')
  expect(lines).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'seaworthy-test',
      version: '1.2.3',
      deployment: 'staging',
      attempt: 2,
      msg: 'trying again',
    },
  ])
})

test('the time of a line is now', () => {
  const { log, lines } = build()
  const before = Date.now()
  log.info('now')
  const time = Date.parse(String(lines[0]?.time))
  expect(time).toBeGreaterThanOrEqual(before)
  expect(time).toBeLessThanOrEqual(Date.now())
})

test('what is below the level is not written', () => {
  const { log, lines } = build('warn')
  log.info('too quiet')
  log.error('loud enough')
  expect(lines.map(({ msg }) => msg)).toEqual(['loud enough'])
})

test('an error is written with its cause', () => {
  const { log, lines } = build()
  log.error({ err: new Error('it failed', { cause: new Error('the disk is full') }) })
  expect(lines[0]).toMatchObject({ err: { type: 'Error', message: 'it failed: the disk is full' } })
})

test.each([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'passwordHash',
  'accessToken',
  'email',
  'signingKey',
  'secret',
])('a value under the name %s is never written, at any of three depths', (name) => {
  const { log, lines } = build()
  const planted = (depth: number) => ({ [name]: `planted at ${depth}`, other: `kept at ${depth}` })
  log.info({ ...planted(0), one: { ...planted(1), two: planted(2) } }, 'signed in')
  const clean = (depth: number) => ({ [name]: '[redacted]', other: `kept at ${depth}` })
  expect(lines).toEqual([expect.objectContaining({ ...clean(0), one: { ...clean(1), two: clean(2) } })])
  expect(JSON.stringify(lines)).not.toContain('planted')
})

test.each([
  ['pretty', /^\[[\d:.]+\] INFO: ready$/],
  ['json', /^\{"level":"info",.*"msg":"ready"\}$/],
])('on standard output a line is %s', async (format, line) => {
  const options = JSON.stringify({ level: 'info', format, service: 'test', version: '0', deployment: 'test' })
  const url = JSON.stringify(new URL('./log.ts', import.meta.url))
  const script = `(await import(${url})).createLog(${options}).info('ready')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout.trim()).toMatch(line)
})
