// docs/troubleshooting.md: each message that it explains is one that the code can say.
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const document = readFileSync('docs/troubleshooting.md', 'utf8')
const files = ['src/**/*.ts', 'tools/**/*.ts', 'readiness/**/*.ts', 'scripts/*'].flatMap((pattern) => globSync(pattern))
const said = files
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')
  .replaceAll("\\'", "'")

/** What stands in the first cell of a row as it is printed: no variable, no file, no words of npm's. */
const messages = [...document.matchAll(/^\| (.*?) \| .*? \| .*? \|$/gm)]
  .flatMap(([, seen = '']) => [...seen.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message))
  .filter((message) => !/^(npm |\.ts$|"status")/.test(message))

test('each message is said somewhere', () => {
  expect(messages.length).toBeGreaterThan(30)
  const parts = messages.flatMap((message) => message.split('…').map((part) => part.trim()))
  const words = parts.filter((part) => part.length > 5)
  expect(words.length).toBeGreaterThan(30)
  expect(words.filter((part) => !said.includes(part))).toEqual([])
})
