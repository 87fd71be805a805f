import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { expect, onTestFinished, test } from 'vitest'
import { openNginx } from '../tools/nginx.ts'
import { freePorts } from '../tools/stack.ts'
import { run } from './run.ts'

// That it walks and cleans up, and sees what is wrong, is proven on the running service by OPS-14.
const smoke = (words: string[], env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, ['tools/smoke.ts', ...words], { env: { ...process.env, ...env } })

test.each([
  ['no URL', [], 'Exactly one URL'],
  ['two URLs', ['http://a.example', 'http://b.example'], 'Exactly one URL'],
  ['another scheme', ['ftp://127.0.0.1'], 'http or https'],
  ['a password in it', ['https://me:secret@127.0.0.1'], 'an address alone'],
  ['an option that there is not', ['http://127.0.0.1', '--insecure'], '--insecure'],
  ['no number', ['http://127.0.0.1', '--timeout', 'soon'], '--timeout soon'],
  ['an authority that is not there', ['https://127.0.0.1', '--ca', '/nowhere.crt'], '/nowhere.crt'],
])('the command line is refused: %s', async (_, words, reason) => {
  const { code, stderr } = await smoke(words)
  expect(stderr).toContain(reason)
  expect(code).toBe(2)
})

test('a service that nobody can reach is 3, and nothing is said of it', async () => {
  const [port] = await freePorts(1)
  const { code, stdout, stderr } = await smoke([`http://127.0.0.1:${port}`])
  expect(code).toBe(3)
  expect(stderr).toContain('ECONNREFUSED')
  expect(stdout).not.toContain('  ok ')
})

test('a certificate is verified, and the one that is named is trusted', { timeout: 60_000 }, async () => {
  const behind = createServer((_, answer) => answer.writeHead(404).end()).listen(0, '127.0.0.1')
  await once(behind, 'listening')
  onTestFinished(() => void behind.close())
  const edge = await openNginx({ upstreams: [`127.0.0.1:${(behind.address() as AddressInfo).port}`] })
  onTestFinished(() => edge.close())
  const stranger = await smoke([edge.url], { SECRETS_DIR: '/nowhere' })
  expect(stranger.code).toBe(3)
  expect(stranger.stderr).toMatch(/SELF_SIGNED_CERT/)
  const known = await smoke([edge.url, '--ca', `${edge.folder}/certificate.pem`])
  expect(known.stderr).toContain('GET /health/live was answered 404')
  expect(known.code).toBe(1)
})
