import { describe, expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'
import { createPasswords } from './passwords.ts'

const least = { memoryCost: 19_456, timeCost: 2, atOnce: 2, metrics: createMetrics() }
const { choose, fits, hash, needsRehash } = createPasswords(least)
const password = 'correct-horse-battery'
const person = { email: 'ada.lovelace@example.com', name: 'Ada Lovelace' }
const hashed = await hash(password)

describe('a hash', () => {
  test('is Argon2id with the parameters that OWASP asks for at least', () => {
    expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  })

  test('differs from another of the same password', async () => {
    expect(await hash(password)).not.toBe(hashed)
  })

  test('fits its password', async () => {
    expect(await fits(password, hashed)).toBe(true)
  })

  test.each(['Correct-horse-battery', 'correct-horse-batter', ''])('does not fit "%s"', async (wrong) => {
    expect(await fits(wrong, hashed)).toBe(false)
  })

  test('that there is not fits nothing', async () => {
    expect(await fits(password, undefined)).toBe(false)
  })

  test.each([
    ['the same parameters', least, false],
    ['lower ones', { ...least, memoryCost: 8192, timeCost: 1 }, false],
    ['more memory', { ...least, memoryCost: 24_576 }, true],
    ['more passes', { ...least, timeCost: 3 }, true],
  ])('under %s is made anew: %s', (_, parameters, again) => {
    expect(createPasswords(parameters).needsRehash(hashed)).toBe(again)
  })

  test.each(['', '$2b$10$abcdefghijklmnopqrstuv', '$argon2i$v=19$m=99999,t=9,p=1$a$b'])(
    'of another kind is too: "%s"',
    (other) => {
      expect(needsRehash(other)).toBe(true)
    },
  )
})

describe('a new password', () => {
  const refusal = (text: string, who = person) =>
    choose(text, who).then(
      () => 'taken',
      ({ code, errors }) => [code, errors[0]],
    )

  test.each([
    password,
    'twelve letters',
    'lovelace wrote the first program',
    'пароль от лодки',
    '🐟🐟🦈🐟🐳🐟🐙🐟🦀🐟🐡🐬',
    'x y z and more',
  ])('may be "%s"', async (text) => {
    expect(await refusal(text)).toBe('taken')
  })

  test.each([
    ['leaked', 'iloveyou1234'],
    ['leaked', 'PassWord1234'],
    ['leaked', '123456789012'],
    ['repeats', 'xyxyxyxyxyxyxy'],
    ['neighbouring', 'abcdefghijklm'],
    ['neighbouring', 'ponmlkjihgfe'],
    ['a name', 'ada.lovelace1815'],
    ['a name', 'Lovelace!!!!!12'],
    ['a name', 'Seaworthy2026'],
  ])('that is %s is refused: "%s"', async (why, text) => {
    expect(await refusal(text)).toEqual([
      'PASSWORD_COMMON',
      { path: '/body/password', message: expect.stringContaining(why) },
    ])
  })

  test('counts what people see as characters, after composing them', async () => {
    const decomposed = `${'e\u0301'.repeat(3)}abcdefg`
    expect(decomposed.length).toBe(13)
    expect(await refusal(decomposed)).toEqual(['INPUT_INVALID', expect.objectContaining({ path: '/body/password' })])
  })

  test('fits however a keyboard composes it, and whatever space it types', async () => {
    const chosen = await choose('Größe über alles', person)
    expect(await fits('Gro\u0308ße\u00a0u\u0308ber\u2003alles', chosen)).toBe(true)
  })
})

test('of a flood a few wait and the rest is refused at once, and then there is room again', async () => {
  const { fits } = createPasswords({ ...least, atOnce: 1, waiting: 3 })
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => fits(password, hashed)))
  const refused = answers.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  expect(refused).toHaveLength(16)
  expect(refused[0]?.reason).toMatchObject({ status: 503, code: 'PASSWORDS_BUSY', headers: { 'retry-after': '1' } })
  expect(await fits(password, hashed)).toBe(true)
})
