import { generateKeyPairSync } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const { call, signUp, services } = await buildTestApp()

test('a stranger can read the keys, keep them for five minutes, and verify our tokens by them', async () => {
  const answer = await call('GET', '/.well-known/jwks.json')
  expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'public, max-age=300'])
  expect(answer.json().keys).toEqual([
    { kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' },
  ])
  const { token, id } = await signUp('client')
  const { payload } = await jwtVerify(token, createLocalJWKSet(answer.json()), { typ: 'at+jwt' })
  expect(payload.sub).toBe(id)
})

test('the keys are those of this moment', async () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const before = (await call('GET', '/.well-known/jwks.json')).json()
  await services.tokens.use(String(pem))
  const after = (await call('GET', '/.well-known/jwks.json')).json()
  expect(after.keys).toHaveLength(1)
  expect(after.keys[0].kid).not.toBe(before.keys[0].kid)
})
