import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { run } from './run.ts'

const roots: string[] = []
afterEach(async () => {
  for (const root of roots.splice(0)) await rm(root, { recursive: true })
})

/** The architecture check over a small tree with the given files. */
async function check(files: Record<string, string>) {
  const root = await mkdtemp(join(tmpdir(), 'seaworthy-arrows-'))
  roots.push(root)
  for (const name of ['package.json', 'tsconfig.json', '.dependency-cruiser.mjs']) await cp(name, join(root, name))
  await symlink(resolve('node_modules'), join(root, 'node_modules'))
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, dirname(path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return run('node', ['tools/architecture.ts', root])
}

const leaf = { 'src/lib/leaf.ts': 'export const leaf = 1\n' }
const door = { ...leaf, 'src/server.ts': "import { leaf } from './lib/leaf.ts'\nexport const door = leaf\n" }

test('a tree whose arrows point down passes', async () => {
  expect(await check(door)).toMatchObject({ code: 0, stderr: '' })
})

test.each([
  ['lib-is-a-leaf', { 'src/lib/up.ts': "import { door } from '../server.ts'\nexport const up = door\n" }],
  [
    'plugins-get-options',
    { 'src/plugins/up.ts': "import { b } from '../modules/b/b.service.ts'\nexport const up = b\n" },
  ],
  [
    'modules-keep-to-themselves',
    { 'src/modules/a/a.service.ts': "import { b } from '../b/b.service.ts'\nexport const a = b\n" },
  ],
  [
    'modules-share-services-only',
    { 'src/modules/a/a.service.ts': "import type { e } from '../b/b.errors.ts'\nexport type A = typeof e\n" },
  ],
  ['sql-lives-in-repositories', { 'src/modules/a/a.service.ts': "import pg from 'pg'\nexport const a = pg\n" }],
  [
    'rules-know-no-http',
    {
      'src/modules/a/a.service.ts': "import type { FastifyInstance } from 'fastify'\nexport type A = FastifyInstance\n",
    },
  ],
  ['production-needs-no-dev-dependency', { 'src/plugins/x.ts': "import fc from 'fast-check'\nexport const x = fc\n" }],
])('%s is enforced', async (rule, planted) => {
  const others = {
    'src/modules/b/b.service.ts': 'export const b = 1\n',
    'src/modules/b/b.errors.ts': 'export const e = 1\n',
  }
  const { code, stderr } = await check({ ...door, ...others, ...planted })
  expect(stderr).toContain(rule)
  expect(code).toBe(1)
})

test('a check that examined nothing fails', async () => {
  const { code, stderr } = await check({ 'src/readme.md': '' })
  expect(stderr).toContain('examined 0 of 0')
  expect(code).not.toBe(0)
})
