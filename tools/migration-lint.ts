// Lints the ways up of all migrations: `node tools/migration-lint.ts`. squawk has the rules (.squawk.toml), and this what it can't know:
// which files run without a transaction: those that make something concurrently, each of one statement. It needs no network.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'

const root = resolve(import.meta.dirname, '..')
const files = globSync('migrations/*.up.sql', { cwd: root }).sort()
const text = (file: string) => readFileSync(resolve(root, file), 'utf8')
const bareText = (file: string) => text(file).replace(/--.*$/gm, '')
const isBare = (file: string) => text(file).startsWith('-- no transaction')

/** Answers whether squawk finds nothing. */
function lint(some: string[], ...words: string[]): boolean {
  if (some.length === 0) return true
  const squawk = resolve(root, 'node_modules/squawk-cli/js/bin/squawk')
  const args = [squawk, '--config', resolve(root, '.squawk.toml'), ...words, ...some]
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0
}

/** PostgreSQL makes one transaction of several statements that are sent at once, in which no index can be made concurrently. */
function hasOneStatement(file: string): boolean {
  const statements = bareText(file)
    .split(';')
    .filter((part) => part.trim() !== '')
  if (statements.length === 1) return true
  console.error(`${file} runs without a transaction, and so must be one statement: it has ${statements.length}`)
  return false
}

function isNotConcurrent(file: string): boolean {
  if (!/\bCONCURRENTLY\b/i.test(bareText(file))) return true
  console.error(`${file} makes something CONCURRENTLY, and so must begin with "-- no transaction"`)
  return false
}

if (files.length === 0) throw new Error('There is no migration to lint')
const bare = files.filter(isBare)
const wrapped = files.filter((file) => !bare.includes(file))
const results = [
  lint(wrapped),
  lint(bare, '--no-assume-in-transaction'),
  ...bare.map(hasOneStatement),
  ...wrapped.map(isNotConcurrent),
]
if (results.includes(false)) process.exitCode = 1
