// `npm run capacity`: puts what `npm run load -- SCENARIO --keep` kept into docs/capacity.md, between its marks; with --check nothing is
// written, and the exit code is 1 when the document says something else. It needs neither a database nor the network.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { blocks } from './capacity/blocks.ts'
import type { Result } from './load/result.ts'

const root = resolve(import.meta.dirname, '..')
const file = join(root, 'docs/capacity.md')

function readResults(): Map<string, Result> {
  const files = globSync('k6/results/*.json', { cwd: root }).sort()
  return new Map(files.map((name) => [basename(name, '.json'), JSON.parse(readFileSync(join(root, name), 'utf8'))]))
}

/** Each block is there once, and whatever is between two marks is a block. */
function render(before: string): string {
  const results = readResults()
  return Object.entries(blocks).reduce((text, [name, make]) => {
    const [begin, end] = [`<!-- ${name} -->\n`, `\n<!-- end of ${name} -->`]
    const [head, rest, ...more] = text.split(begin)
    const [, ...after] = rest?.split(end) ?? []
    if (head === undefined || after.length !== 1 || more.length > 0)
      throw new Error(`docs/capacity.md has not one block called ${name}`)
    return `${head}${begin}${make(results)}${end}${after[0]}`
  }, before)
}

const { values } = parseArgs({ options: { check: { type: 'boolean' } } })
const before = readFileSync(file, 'utf8')
const after = render(before)
if (!values.check) writeFileSync(file, after)
else if (after !== before) {
  console.error('docs/capacity.md is not what k6/results say: run npm run capacity, and commit the change')
  process.exitCode = 1
}
