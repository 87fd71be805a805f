import { globSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const documents = globSync('**/*.md', { exclude: ['node_modules/**', '.local/**', 'coverage/**'] })

test('docs/dependencies.md names each dependency once, and nothing else', async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8'))
  const listed = [...(await readFile('docs/dependencies.md', 'utf8')).matchAll(/^\| `([^`]+)`/gm)].map(
    ([, name]) => name,
  )
  expect(listed.sort()).toEqual([...Object.keys(dependencies), ...Object.keys(devDependencies)].sort())
})

test('a decision has at most 15 lines, and its row in the list', async () => {
  const files = globSync('docs/decisions/[0-9]*.md')
  const list = await readFile('docs/decisions/README.md', 'utf8')
  expect(files.length).toBeGreaterThan(20)
  for (const file of files) {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    expect([file, lines.length <= 15, list.includes(`(${file.split('/').at(-1)})`)]).toEqual([file, true, true])
  }
})

test('the walks of one read, one write and one payment have at most 15 lines each', async () => {
  const [, ...parts] = (await readFile('docs/architecture.md', 'utf8')).split('## ')
  for (const [at, name] of ['The walk of one read', 'The walk of one write', 'The walk of one payment'].entries()) {
    const lines = (parts[at] ?? '').trim().split('\n')
    expect([lines[0], lines.slice(2).length <= 15]).toEqual([name, true])
  }
})

test('every link in a document leads to a file', async () => {
  let followed = 0
  for (const document of documents) {
    for (const [, target = ''] of (await readFile(document, 'utf8')).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)) {
      await expect(access(join(dirname(document), target)), `${document} links to ${target}`).resolves.toBeUndefined()
      followed++
    }
  }
  expect(followed).toBeGreaterThan(20)
})

test('every script that a document names exists', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8'))
  const named = new Set<string>()
  for (const document of documents.filter((path) => !path.startsWith('docs/decisions/'))) {
    for (const [, name = ''] of (await readFile(document, 'utf8')).matchAll(/npm run ([a-z:-]+)/g)) named.add(name)
  }
  expect([...named]).toContain('check')
  expect([...named].filter((name) => !(name in scripts))).toEqual([])
})
