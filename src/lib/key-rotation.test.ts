import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { withNewEncryptionKey, withNewSigningKey, withoutEncryptionKey, withoutOldSigningKeys } from './key-rotation.ts'
import { createSeal, readKeys } from './seal.ts'
import { readSigningKeys } from './signing-keys.ts'

const newKey = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const start = Date.parse('2026-11-25T10:00:00.250Z')
const [settle, lifetime] = [120_000, 600_000]
const kidsOf = async (text: string) => (await readSigningKeys(text)).map(({ kid }) => kid)
const retire = (text: string, now: number) => withoutOldSigningKeys(text, { now, settle, lifetime })

test('a new signing key comes first, with its time, and the old ones stay', async () => {
  const old = newKey()
  const rotated = withNewSigningKey(withNewSigningKey(old, start), start + 1000)
  const keys = await readSigningKeys(rotated)
  expect(keys.map(({ createdAt }) => createdAt)).toEqual([start + 1000, start, 0])
  expect(keys.at(-1)?.kid).toBe((await kidsOf(old))[0])
})

test.each(['', 'a key', newKey().slice(0, 50), 'a:c2hvcnQ='])('a file without keys gets none: %j', (text) => {
  expect(() => withNewSigningKey(text, start)).toThrow('TOKEN_SIGNING_KEY is not one Ed25519 key or several')
})

test('an old key goes when its last token has ended, and not a moment before', async () => {
  const rotated = withNewSigningKey(newKey(), start)
  const end = start + settle + lifetime
  expect(() => retire(rotated, end - 1)).toThrow(`until ${new Date(end).toISOString()}: try again then`)
  const retired = retire(rotated, end)
  expect(await kidsOf(retired)).toEqual((await kidsOf(rotated)).slice(0, 1))
  // The line with its time goes with the key that stays: the next rotation needs it.
  expect((await readSigningKeys(retired))[0]?.createdAt).toBe(start)
})

test('of several old keys those go whose tokens have ended, and with them all older ones', async () => {
  const second = withNewSigningKey(withNewSigningKey(newKey(), start), start + 1000)
  const third = withNewSigningKey(second, start + 3_000_000)
  expect(await kidsOf(retire(third, start + 3_000_001))).toEqual((await kidsOf(third)).slice(0, 2))
})

test('the only key never goes, nor one below a key of which nobody knows when it came', () => {
  expect(() => retire(newKey(), start)).toThrow('nothing can go')
  expect(() => retire(newKey() + newKey(), start)).toThrow('does not say when it was created')
})

const oldList = `2026-01:${randomBytes(32).toString('base64')}`

test('a new encryption key comes first, named by its time, and seals when it has settled', () => {
  const rotated = withNewEncryptionKey(oldList, start)
  expect([...readKeys(rotated).keys()]).toEqual(['20261125t100001z', '2026-01'])
  const young = createSeal(withNewEncryptionKey(oldList, Date.now()), settle)
  expect([createSeal(rotated, settle).currentName(), young.currentName()]).toEqual(['20261125t100001z', '2026-01'])
})

test('two rotations within a second are refused, for their keys would have one name', () => {
  expect(() => withNewEncryptionKey(withNewEncryptionKey(oldList, start), start)).toThrow('one name')
})

test('an old encryption key goes by its name; the one that seals does not', () => {
  const rotated = withNewEncryptionKey(oldList, start)
  expect([...readKeys(withoutEncryptionKey(rotated, '2026-01')).keys()]).toEqual(['20261125t100001z'])
  expect(() => withoutEncryptionKey(rotated, '20261125t100001z')).toThrow('it stays')
  expect(() => withoutEncryptionKey(rotated, '2025-01')).toThrow('No key has the name')
})
