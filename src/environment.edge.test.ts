import { expect, test } from 'vitest'
import { given, problemsOf } from '../test/configuration.ts'
import { loadConfig } from './config.ts'

test('lists, limits and networks are read', () => {
  const { edge } = loadConfig(
    given({
      PUBLIC_URL: 'https://api.example.com/',
      ALLOWED_HOSTS: 'one.example.com, two.example.com',
      TRUST_PROXY: 'loopback,10.0.0.0/8,fd00::/8',
      LIMIT_WRITE: '300/10s',
      CORS_ORIGINS: 'https://app.example.com,http://localhost:3000',
    }),
  )
  expect(edge.hosts).toEqual(['api.example.com', 'one.example.com', 'two.example.com'])
  expect(edge.trustProxy).toEqual(['loopback', '10.0.0.0/8', 'fd00::/8'])
  expect(edge.limits.write).toEqual({ max: 300, window: 10_000 })
  expect(edge.corsOrigins).toEqual(['https://app.example.com', 'http://localhost:3000'])
})

test('the proxy of Fly.io is named alone', () => {
  expect(loadConfig(given({ TRUST_PROXY: ' fly ' })).edge.trustProxy).toEqual(['fly'])
})

test.each([
  ['TRUST_PROXY', 'everyone'],
  ['TRUST_PROXY', '10.0.0.0'],
  ['TRUST_PROXY', '10.0.0.0/33'],
  ['TRUST_PROXY', '10.0.0.0/8/8'],
  ['TRUST_PROXY', 'fly,10.0.0.0/8'],
  ['TRUST_PROXY', 'fly,fly'],
  ['TRUST_PROXY', 'Fly'],
  ['LIMIT_EXEMPT', 'fd00::/129'],
  ['LIMIT_EXEMPT', 'loopback'],
  ['LIMIT_AUTH', '5'],
  ['LIMIT_AUTH', '0/60s'],
  ['LIMIT_AUTH', '5/60'],
  ['LIMIT_AUTH', '5/minute'],
  ['CORS_ORIGINS', 'app.example.com'],
  ['CORS_ORIGINS', 'https://app.example.com/'],
  ['CORS_ORIGINS', 'https://*.example.com/x'],
  ['ALLOWED_HOSTS', 'https://api.example.com'],
  ['ALLOWED_HOSTS', 'api.example.com:8080'],
])('%s=%s is refused by name', (name, value) => {
  expect(problemsOf(given({ [name]: value }))).toEqual([expect.stringContaining(`${name} should be `)])
})
