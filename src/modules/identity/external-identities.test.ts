import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { exportJWK, SignJWT } from 'jose'
import { afterAll, expect, test, vi } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { run } from '../../../test/run.ts'
import { withClient } from '../../../tools/create-database.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const keys = [{ ...(await exportJWK(publicKey)), kid: 'theirs' }]
const server = createServer((_request, answer) => void answer.end(JSON.stringify({ keys }))).listen(0, '127.0.0.1')
await once(server, 'listening')
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const external = { EXTERNAL_ISSUER: issuer, EXTERNAL_AUDIENCE: 'seaworthy', EXTERNAL_JWKS_URL: issuer }
const { call, signUp, database } = await buildTestApp({ env: external })

const tokenOf = (subject: string) =>
  new SignJWT({ role: 'admin' })
    .setProtectedHeader({ alg: 'ES256', kid: 'theirs' })
    .setIssuer(issuer)
    .setAudience('seaworthy')
    .setSubject(subject)
    .setExpirationTime('1h')
    .sign(privateKey)

const link = (...words: string[]) =>
  run(process.execPath, ['src/link-identity.ts', ...words], {
    env: { ...external, NODE_ENV: 'test', DATABASE_OWNER_URL: database.ownerUrl },
  })
const asOwner = (text: string, values: unknown[]) =>
  withClient(database.ownerUrl, (client) => client.query(text, values))
const statusOf = async (subject: string) =>
  (await call('GET', '/v1/me', { as: { token: await tokenOf(subject) } })).statusCode

test('a subject is nobody until an operator links it, and then the user, with the role that this service knows', async () => {
  const person = await signUp('worker')
  expect(await statusOf('a stranger')).toBe(401)
  const linked = await link('them', person.email.toUpperCase())
  expect([linked.code, linked.stdout]).toEqual([0, `them of ${issuer} is the user ${person.id}.\n`])
  const me = await call('GET', '/v1/me', { as: { token: await tokenOf('them') } })
  expect([me.statusCode, me.json()]).toMatchObject([200, { id: person.id, role: 'worker' }])
  expect((await call('GET', '/v1/admin/switches', { as: { token: await tokenOf('them') } })).statusCode).toBe(403)
})

test('a subject is linked once, to a user that there is', async () => {
  const [first, second] = [await signUp('client'), await signUp('client')]
  expect((await link('once', first.email)).code).toBe(0)
  expect(await link('once', second.email)).toMatchObject({ code: 1, stderr: expect.stringContaining('linked already') })
  expect(await link('other', 'nobody@example.com')).toMatchObject({
    code: 1,
    stderr: 'No user has this e-mail address\n',
  })
  expect((await link()).code).toBe(78)
})

test.each<[string, (id: string) => Promise<unknown>]>([
  ['is blocked', (id) => asOwner('UPDATE users SET blocked_at = now() WHERE id = $1', [id])],
  ['is erased', (id) => asOwner('UPDATE users SET erased_at = now() WHERE id = $1', [id])],
  ['is no longer linked', (id) => link(`them-${id}`)],
])('within 5 s a user who %s has no access', async (_, end) => {
  const { id, email } = await signUp('client')
  await link(`them-${id}`, email)
  expect(await statusOf(`them-${id}`)).toBe(200)
  await end(id)
  await vi.waitFor(async () => expect(await statusOf(`them-${id}`)).toBe(401), { timeout: 5000, interval: 100 })
})
