// Which backups go: backup/expired.sh, as it stands.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

const now = Date.UTC(2026, 10, 26, 12) / 1000
const day = 86_400
const nameOf = (seconds: number) =>
  `${new Date(seconds * 1000).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z.age-20261101-ab12cd`
const made = (...daysAgo: number[]) => daysAgo.map((days) => nameOf(now - days * day))
const expired = (names: string[], at = now, env = {}) =>
  execFileSync('bash', ['backup/expired.sh', String(at)], {
    input: names.join('\n'),
    env: { PATH: process.env.PATH, ...env },
  })
    .toString()
    .split('\n')
    .filter(Boolean)

const kept = (names: string[], env = {}) => {
  const gone = new Set(expired(names, now, env))
  return names.filter((name) => !gone.has(name))
}
const each = Array.from({ length: 60 }, (_, days) => days)

it('keeps the newest of each of seven days and four weeks', () => {
  // A Thursday: its week and the three before it, each by its newest, a Sunday.
  expect(kept(made(...each))).toEqual(made(0, 1, 2, 3, 4, 5, 6, 11, 18))
})

it('keeps one of a day that has several', () => {
  expect(expired(made(1, 1.1, 1.2))).toEqual(made(1.1, 1.2))
})

it('keeps days that have one, however far apart, up to thirty days', () => {
  expect(expired(made(1, 8, 15, 22, 29, 31, 40))).toEqual(made(31, 40))
})

it('never lets the last one go', () => {
  expect(expired(made(400))).toEqual([])
  expect(expired(made(400, 401))).toEqual(made(401))
  expect(expired([])).toEqual([])
})

it('lets nothing go where a name is of the future, because a clock was wrong', () => {
  expect(expired(made(-2, ...each))).toEqual([])
  expect(expired(made(...each), now - 3 * day)).toEqual([])
})

it('looks at the time, not at the key or the order', () => {
  const names = made(...each)
  expect(expired(names.toReversed()).toSorted()).toEqual(expired(names).toSorted())
  const other = names.map((name, n) => (n % 2 ? name : name.replace('age-', 'aes-')))
  expect(expired(other)).toHaveLength(expired(names).length)
})

it('takes other counts', () => {
  const env = { BACKUP_KEEP_DAYS: '2', BACKUP_KEEP_WEEKS: '1', BACKUP_KEEP_AGE_DAYS: '3' }
  expect(kept(made(...each), env)).toEqual(made(0, 1))
})
