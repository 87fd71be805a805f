import { expect, test } from 'vitest'
import { hashPassword, passwordFits } from './passwords.ts'

const password = 'correct-horse-battery'
const hash = await hashPassword(password)

test('a hash is Argon2id with the parameters that OWASP asks for at least', () => {
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
})

test('two hashes of one password differ', async () => {
  expect(await hashPassword(password)).not.toBe(hash)
})

test('the right password fits', async () => {
  expect(await passwordFits(password, hash)).toBe(true)
})

test.each(['Correct-horse-battery', 'correct-horse-batter', ''])(
  'the wrong password "%s" does not fit',
  async (wrong) => {
    expect(await passwordFits(wrong, hash)).toBe(false)
  },
)

test.each([password, 'the password of nobody'])('nothing fits an account that there is not: "%s"', async (any) => {
  expect(await passwordFits(any, undefined)).toBe(false)
})
