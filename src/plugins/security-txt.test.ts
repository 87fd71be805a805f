import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { given, problemsOf, production } from '../../test/configuration.ts'

const path = '/.well-known/security.txt'
const told = async (env: Record<string, string>) => {
  const { call } = await buildTestApp({ env })
  const answer = await call('GET', path)
  const fields = answer.body
    .trim()
    .split('\r\n')
    .map((line: string) => line.split(/: (.*)/).slice(0, 2))
  return { answer, fields }
}

test('a stranger reads as plain text where to report, in the order of preference, and what to expect', async () => {
  const { answer, fields } = await told({
    PUBLIC_URL: 'https://api.seaworthy.test',
    SECURITY_CONTACT: 'https://seaworthy.test/report, mailto:security@seaworthy.test,tel:+49-30-123456',
    SECURITY_POLICY_URL: 'https://seaworthy.test/security',
  })
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8'])
  expect(fields).toEqual([
    ['Contact', 'https://seaworthy.test/report'],
    ['Contact', 'mailto:security@seaworthy.test'],
    ['Contact', 'tel:+49-30-123456'],
    ['Expires', expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00Z$/)],
    ['Preferred-Languages', 'en'],
    ['Canonical', `https://api.seaworthy.test${path}`],
    ['Policy', 'https://seaworthy.test/security'],
  ])
  const days = (Date.parse(fields[3]?.[1] ?? '') - Date.now()) / 86_400_000
  expect(days).toBeGreaterThan(89)
  expect(days).toBeLessThanOrEqual(90)
})

test('without TLS and without a policy it names neither', async () => {
  const { fields } = await told({ PUBLIC_URL: 'http://127.0.0.1:8080' })
  expect(fields.map(([name]) => name)).toEqual(['Contact', 'Expires', 'Preferred-Languages'])
})

describe('the contact', () => {
  test.each([
    'security@seaworthy.test',
    'mailto:security',
    'mailto:security@localhost',
    'http://seaworthy.test/report',
    'tel:112',
    'mailto:security@seaworthy.test, here',
    ',',
    'mailto:security@seaworthy.test\r\nPolicy: https://elsewhere.test',
  ])('%j is refused by name', (contact) => {
    expect(problemsOf(given({ SECURITY_CONTACT: contact }))).toEqual([
      expect.stringContaining('SECURITY_CONTACT should be '),
    ])
  })

  test('has to be set', () => {
    expect(problemsOf(given({ SECURITY_CONTACT: undefined }))).toEqual([
      expect.stringContaining('SECURITY_CONTACT is missing'),
    ])
  })

  test.each([
    'mailto:security@example.com',
    'https://www.example.org/report',
    'mailto:a@seaworthy.example',
    'mailto:security@localhost.INVALID',
    'mailto:security@seaworthy.test, https://reports.invalid:8443/new',
  ])('production does not take that of a document, nor one that can reach nobody: %s', (contact) => {
    expect(problemsOf(given({ SECURITY_CONTACT: contact }))).toEqual([])
    expect(problemsOf(production({ SECURITY_CONTACT: contact }))).toEqual([
      'SECURITY_CONTACT is that of an example, which nobody reads: name your own',
    ])
  })

  test('on your own machine production takes the one that was made up for it', () => {
    const own = { PUBLIC_URL: 'https://localhost:8443', SECURITY_CONTACT: 'mailto:security@localhost.invalid' }
    expect(problemsOf(production(own))).toEqual([])
    expect(problemsOf(production({ ...own, PUBLIC_URL: 'https://localhost.seaworthy.test' }))).toHaveLength(1)
  })

  test.each(['mailto:example@seaworthy.test', 'https://invalid-reports.seaworthy.test/example', 'tel:+49-30-123456'])(
    'production takes one that only sounds like it: %s',
    (contact) => expect(problemsOf(production({ SECURITY_CONTACT: contact }))).toEqual([]),
  )
})
