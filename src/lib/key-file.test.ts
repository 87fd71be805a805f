import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { changeKeyFile, readKeyFile } from './key-file.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-keys-'))
afterAll(() => rm(folder, { recursive: true }))
const path = join(folder, 'keys')

beforeEach(async () => {
  await rm(`${path}.new`, { force: true })
  await writeFile(path, 'old')
  await chmod(path, 0o600)
})

test('a file is changed as a whole, and keeps its mode', async () => {
  await chmod(path, 0o640)
  const { ino } = await stat(path)
  await changeKeyFile(path, (text) => `new ${text}`)
  expect(await readFile(path, 'utf8')).toBe('new old')
  const { mode, ino: now } = await stat(path)
  expect([mode & 0o777, now === ino]).toEqual([0o640, false])
  expect(await readdir(folder)).toEqual(['keys'])
})

test('a change that fails leaves the file as it was, and nothing beside it', async () => {
  const refuse = () => {
    throw new Error('not these keys')
  }
  await expect(changeKeyFile(path, refuse)).rejects.toThrow('not these keys')
  expect([await readFile(path, 'utf8'), await readdir(folder)]).toEqual(['old', ['keys']])
})

test('of two changes at once one is refused, and the other is whole', async () => {
  const changes = await Promise.allSettled(['a', 'b'].map((word) => changeKeyFile(path, (text) => `${word} ${text}`)))
  const refused = changes.flatMap((change) => (change.status === 'rejected' ? [String(change.reason)] : []))
  expect(refused).toEqual([expect.stringContaining('someone else is changing the keys')])
  expect(await readFile(path, 'utf8')).toMatch(/^[ab] old$/)
})

test('what a killed change left is told, and not overwritten', async () => {
  await writeFile(`${path}.new`, 'half')
  await expect(changeKeyFile(path, () => 'new')).rejects.toThrow('If nobody is, remove it')
  expect([await readFile(path, 'utf8'), await readFile(`${path}.new`, 'utf8')]).toEqual(['old', 'half'])
})

test('a link, a folder, a file that is not there and one that is too long are refused', async () => {
  const [link, long] = [join(folder, 'link'), join(folder, 'long')]
  await symlink(path, link)
  await writeFile(long, 'a'.repeat(100_001))
  const refused = async (name: string) => readKeyFile(name).catch((error: Error) => error.message)
  expect(await Promise.all([link, folder, join(folder, 'nowhere'), long].map(refused))).toEqual([
    expect.stringContaining('is a link'),
    expect.stringContaining('is no file'),
    expect.stringContaining('ENOENT'),
    expect.stringContaining('is no file of keys'),
  ])
  await expect(changeKeyFile(link, () => 'new')).rejects.toThrow('is a link')
  await Promise.all([link, long].map((name) => rm(name)))
})
