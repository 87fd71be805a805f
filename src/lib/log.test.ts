import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { run } from '../../test/run.ts'
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

test('names are struck out in whatever case and depth, in arrays too, and what is deeper is left out', () => {
  const { log, lines } = build()
  log.info({
    list: [{ Email: 'planted' }],
    a: { b: { c: { Cookie: 'planted', d: { e: { f: { g: { h: 'planted' } } } } } } },
  })
  expect(JSON.stringify(lines)).not.toContain('planted')
  expect(lines[0]).toMatchObject({ list: [{ Email: '[redacted]' }], a: { b: { c: { Cookie: '[redacted]' } } } })
})

test.each([
  [
    'a row that the database refused',
    { detail: 'Failing row contains (planted)', where: 'planted', parameters: ['planted'] },
  ],
  ['the command that Redis refused', { command: { name: 'set', args: ['planted'] } }],
  ['the recipient that a mail server refused', { rejected: ['planted'], response: '550 planted' }],
])('of an error its line does not have %s', (_, about) => {
  const { log, lines } = build()
  log.error({ err: Object.assign(new Error('it failed'), { code: '23514', constraint: 'users_email' }, about) })
  expect(JSON.stringify(lines)).not.toContain('planted')
  expect(lines[0]).toMatchObject({ err: { message: 'it failed', code: '23514', constraint: 'users_email' } })
})

test.each([
  ['550 5.1.1 <ada@planted.example>: there is none', '550 5.1.1 <[address]>: there is none'],
  ['connect redis://user:planted@127.0.0.1:6379', 'connect redis://user:[address]:6379'],
  ['bad token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJwbGFudGVkIn0.planted', 'bad token [token]'],
  ['refused: Bearer planted', 'refused: Bearer [token]'],
  ['invalid input syntax for type uuid: "planted"', 'invalid input syntax for type uuid: "[value]"'],
  [`Unexpected token 'p', "planted" is not valid JSON`, "Unexpected token 'p' is not valid JSON"],
  ['relation "users" does not exist', 'relation "users" does not exist'],
])('the message "%s" is told as "%s", also in the stack and as a cause', (message, told) => {
  const { log, lines } = build()
  log.error({ err: new Error('it failed', { cause: new Error(message) }) })
  expect(lines[0]).toMatchObject({ err: { message: `it failed: ${told}` } })
  expect(JSON.stringify(lines)).not.toContain('planted')
})

test('a file on a full disk is given up, and the process goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-log-'))
  await symlink('/dev/full', join(folder, 'lines.1.log'))
  const { code, stdout, stderr } = await run('node', ['test/fixtures/logs-to-file.ts', join(folder, 'lines.log')])
  await rm(folder, { recursive: true })
  expect(stderr).toMatch(/^LOG_FILE gets no lines until a restart: /)
  expect([code, stdout]).toEqual([0, expect.stringContaining('"msg":"after the file"')])
})
