import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { type TSchema, Type } from 'typebox'
import { expect, test } from 'vitest'
import { ConfigError, loadConfig } from '../src/config.ts'
import { Environment } from '../src/environment.schemas.ts'

type Variable = TSchema & { description?: string; default?: unknown; enum?: string[]; secret?: 'value' | 'password' }

const example = readFileSync('.env.example', 'utf8')
const variables = Object.entries<Variable>(Environment.properties)

/** The variables of the file in their order: each an assignment, under a comment of one line or more. */
function read(text: string) {
  return text.split(/\n{2,}/).flatMap((block) => {
    const lines = block.split('\n').filter(Boolean)
    const comment = lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2))
    const assigned = lines.filter((line) => !line.startsWith('# '))
    return assigned.map((line) => {
      const [, hash, name = '', value = ''] = /^(#?)(\w+)=(.*)$/.exec(line) ?? [undefined, '', line]
      return { name, value, commentedOut: hash === '#', comment }
    })
  })
}

/** What the file should say of a variable: its first sentence as the schema has it, then what can be chosen or how to make it. */
function expected([name, { description, enum: words, secret, ...variable }]: (typeof variables)[number]) {
  const choice = words ? ` One of ${words.join(', ')}.` : ''
  const optional =
    'default' in variable || Type.IsOptional(Environment.properties[name as keyof typeof Environment.properties])
  const recipe = expect.stringMatching(new RegExp(`openssl .*\\b${name}_FILE works`))
  return {
    name,
    value: 'default' in variable ? String(variable.default) : '',
    commentedOut: optional,
    comment: [`${description}.${choice}`, ...(secret ? [recipe] : [])],
  }
}

test('.env.example has every variable of the schema in its order, with its meaning and its default', () => {
  expect(variables.length).toBeGreaterThan(20)
  expect(read(example)).toEqual(variables.map(expected))
})

const changed = (from: string | RegExp, to: string) => {
  const text = example.replace(from, to)
  expect(text, `${from} is in the file`).not.toBe(example)
  return text
}

test.each<[string, string | RegExp, string]>([
  ['a variable that is left out', /# Largest request body[.]\n#BODY_LIMIT_BYTES=65536\n/, ''],
  ['a secret that is left out', 'APP_SECRET=\n', '\n'],
  ['a variable that there is not', '#PORT=8080', '#PORT=8080\n#POTR=8080'],
  ['another default', '#PORT=8080', '#PORT=8081'],
  ['a default that is set', '#PORT=8080', 'PORT=8080'],
  ['a comment that is left out', '# Who access tokens are for.\n', ''],
  ['another comment', 'Who access tokens are for', 'Whom access tokens are for'],
  ['a value that can no longer be chosen', 'json, pretty', 'json, xml'],
  ['a secret without its recipe', /# Made by `openssl rand -base64 32`.*\n/, ''],
  ['a secret that is filled in', 'APP_SECRET=', 'APP_SECRET=secret'],
  ['another order', /(# Port .*\n.*\n)\n(# Where .*\n.*\n)/, '$2\n$1'],
])('%s is noticed', (_, from, to) => {
  expect(read(changed(from, to))).not.toEqual(variables.map(expected))
})

test('copied as it is, it is refused, and what must be filled in is named', () => {
  const load = () => loadConfig(parseEnv(example))
  expect(load).toThrow(ConfigError)
  const missing = [
    'PUBLIC_URL',
    'SECURITY_CONTACT',
    'DATABASE_URL',
    'SMTP_URL',
    'MAIL_FROM',
    'TOKEN_SIGNING_KEY',
    'APP_SECRET',
    'ENCRYPTION_KEYS',
    'PAYMENTS_SECRET_KEY',
    'PAYMENTS_WEBHOOK_SECRETS',
    'REDIS_URL',
  ]
  expect(load).toThrow(new RegExp(`^[^\n]+${missing.map((name) => `\n  ${name} is missing[^\n]+`).join('')}$`))
})
