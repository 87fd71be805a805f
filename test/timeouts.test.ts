// docs/timeouts.md says what the code does.
import { readFileSync } from 'node:fs'
import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { Environment } from '../src/environment.schemas.ts'

type Row = { what: string; variable: string; value: number; file: string; text: string }

const rows: Row[] = readFileSync('docs/timeouts.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!what \|)[^-]/.test(line))
  .map((line) => {
    const [what = '', variable = '', value = '', , where = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim())
    const [, file = '', text = ''] = /^`([^`]+)`: `([^`]+)`$/.exec(where) ?? []
    return { what, variable: variable.replaceAll('`', ''), value: Number(value), file, text }
  })

const timeOf = (name: string) => rows.find(({ variable, text }) => variable === name || text.startsWith(name))?.value
const variables = Object.entries<TSchema & { default?: unknown }>(Environment.properties).filter(([name]) =>
  name.endsWith('_MS'),
)

test('each variable of a time is in the table once, with its default, and each of the table exists', () => {
  expect(variables.length).toBeGreaterThan(15)
  const listed = rows.filter(({ variable }) => variable !== 'fixed').map(({ variable, value }) => [variable, value])
  expect(listed.sort()).toEqual(variables.map(([name, { default: otherwise }]) => [name, otherwise]).sort())
})

test('each row leads to the line that sets it', () => {
  expect(rows.length).toBeGreaterThan(25)
  for (const { what, file, text } of rows) {
    expect([what, file, text]).not.toContain('')
    expect([what, readFileSync(file, 'utf8').includes(text)]).toEqual([what, true])
  }
})

test('a fixed time is the one of its line', () => {
  const fixed = rows.filter(({ variable }) => variable === 'fixed')
  expect(fixed.length).toBeGreaterThan(5)
  for (const { what, value, text } of fixed) {
    const [, base, number = ''] = /(options\.statementTimeout \+ )?([\d_]+)$/.exec(text) ?? []
    const more = base ? (timeOf('DATABASE_STATEMENT_TIMEOUT_MS') ?? 0) : 0
    expect([what, more + Number(number.replaceAll('_', ''))]).toEqual([what, value])
  }
})

test('the limits stand in the order in which they must end', () => {
  const order = [
    'REDIS_TIMEOUT_MS',
    'WAITING_MS',
    'DATABASE_LOCK_TIMEOUT_MS',
    'DATABASE_STATEMENT_TIMEOUT_MS',
    'query_timeout: options',
    'HANDLER_TIMEOUT_MS',
    'keepAliveTimeout',
  ].map((name) => timeOf(name) ?? Number.NaN)
  expect(order.every((value, at) => at === 0 || value > (order[at - 1] ?? 0))).toBe(true)
})
