import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { anchorsOf, linksOf } from '../tools/documents.ts'

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
  const parts = (await readFile('docs/architecture.md', 'utf8')).split('## ')
  for (const name of ['The walk of one read', 'The walk of one write', 'The walk of one payment']) {
    const lines = parts
      .find((part) => part.startsWith(`${name}\n`))
      ?.trim()
      .split('\n')
    expect([name, lines && lines.slice(2).length <= 15]).toEqual([name, true])
  }
})

test('every link in a document leads to a file, and to a heading of it where it names one', async () => {
  let followed = 0
  for (const document of documents) {
    for (const { link, target, anchor } of linksOf(await readFile(document, 'utf8'))) {
      const file = target ? join(dirname(document), target) : document
      expect([document, link, existsSync(file)]).toEqual([document, link, true])
      const isThere = !anchor || !file.endsWith('.md') || anchorsOf(await readFile(file, 'utf8')).includes(anchor)
      expect([document, link, isThere]).toEqual([document, link, true])
      followed++
    }
  }
  expect(followed).toBeGreaterThan(100)
})

test('anchors are those of GitHub', () => {
  const text = "# Not live\n## The service's role\n```sh\n# a comment\n```\n## Not live\n## [`npm start`](x.md): 1, 2"
  expect(anchorsOf(text)).toEqual(['not-live', 'the-services-role', 'not-live-1', 'npm-start-1-2'])
})

describe('the diagram of production', async () => {
  type Service = { profiles?: string[]; networks?: string[] | Record<string, unknown> }
  const { services } = parse(await readFile('docker-compose.production.yml', 'utf8'), { merge: true }) as {
    services: Record<string, Service>
  }
  const [, diagram = ''] = /```mermaid\n(.*?)```/s.exec(await readFile('docs/architecture.md', 'utf8')) ?? []
  const [, inside = ''] = /subgraph [^\n]*\n(.*?)\n *end/s.exec(diagram) ?? []
  const networksOf = (name: string) => {
    const { networks = [] } = services[name] as Service
    return Array.isArray(networks) ? networks : Object.keys(networks)
  }

  test('has each service that always runs, and none that the compose file has not', () => {
    const drawn = [...inside.matchAll(/^ *([a-z][a-z-]*)[[(]/gm)].map(([, name]) => name)
    const real = Object.keys(services).filter((name) => !services[name]?.profiles)
    expect(real.length).toBeGreaterThan(5)
    expect(real.filter((name) => !drawn.includes(name))).toEqual([])
    expect(drawn.filter((name) => !(String(name) in services))).toEqual([])
  })

  test('has no arrow between two services that share no network', () => {
    const arrows = [...diagram.matchAll(/^ *([a-z-]+) -->(?:\|[^|]*\|)? ([a-z-]+)$/gm)].map(
      ([, from = '', to = '']) => [from, to],
    )
    const between = arrows.filter((ends) => ends.every((name) => name in services)) as [string, string][]
    expect(between.length).toBeGreaterThan(5)
    const apart = between.filter(([from, to]) => !networksOf(from).some((name) => networksOf(to).includes(name)))
    expect(apart).toEqual([])
  })
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
