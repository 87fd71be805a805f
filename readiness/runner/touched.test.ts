import { expect, test } from 'vitest'
import { type Control, control, source } from '../control.ts'
import { touchedBy } from './touched.ts'

const table = "export const rows = ['/a']"
const tree: Record<string, string> = {
  'r/catalogue/some.ts': `
import { red } from '../context/red.ts'
import { see as look } from '../probes/see.ts'
import { list } from '../probes/list.ts'
const plugin = 'src/a.ts'
export const some = [
  control({ id: 'SEC-01', code: [plugin], probe: look }),
  control({ id: 'SEC-02', probe: list }),
  control({ id: 'SEC-03', probe: () => 'nothing' }),
]`,
  'r/probes/see.ts': `
import { paths } from './scene.ts'
const patience = 5
export function see() { return paths(patience) }
export const unused = 1`,
  'r/probes/list.ts': "import { rows } from './routes-table.ts'\nexport const list = () => rows",
  'r/probes/scene.ts':
    "import { rows } from './routes-table.ts'\nexport function paths() { return rows }\nexport const other = 1",
  'r/probes/routes-table.ts': table,
  'src/a.ts': 'a',
  'src/app.ts': '1\n2\n3\n4\n5\n6\n7\n8\n9\nregister(a)\n11\n12\n13\n14\n15\n16',
}
const built = (id: Control['id'], given: Partial<Control> = {}) =>
  control({
    ...{ id, level: 'must', holds: '', because: '', code: [], runbook: '', needs: [], probe: async () => ({}) },
    sabotages: [source('', 'src/app.ts', 'register(a)', '', { red: 'd' })],
    ...given,
  })
const controls = [built('SEC-01', { code: ['src/a.ts'] }), built('SEC-02'), built('SEC-03')]

/** The controls that are touched when files of the tree read otherwise. */
function touched(changes: Record<string, string>): string[] {
  const change = {
    files: new Set(Object.keys(changes)),
    now: (file: string) => changes[file] ?? tree[file],
    before: (file: string) => tree[file],
  }
  return touchedBy(change, controls, ['r/catalogue/some.ts']).map(({ id }) => id)
}
const edited = (file: string, find: string, replace: string) => {
  const text = tree[file]?.replace(find, replace) ?? ''
  expect(text).not.toBe(tree[file])
  return touched({ [file]: text })
}

test('a file of its code touches a control', () => {
  expect(touched({ 'src/a.ts': 'b' })).toEqual(['SEC-01'])
  expect(touched({ 'README.md': 'b' })).toEqual([])
})

test('an entry that changed is touched, and not those beside it', () => {
  expect(edited('r/catalogue/some.ts', "'nothing'", "'something'")).toEqual(['SEC-03'])
  expect(edited('r/catalogue/some.ts', "plugin = 'src/a.ts'", "plugin = 'src/b.ts'")).toEqual(['SEC-01'])
})

test('a declaration that a probe reaches counts, and another of the same file does not', () => {
  expect(edited('r/probes/see.ts', 'patience = 5', 'patience = 6')).toEqual(['SEC-01'])
  expect(edited('r/probes/scene.ts', 'return rows', 'return [rows]')).toEqual(['SEC-01'])
  expect(edited('r/probes/see.ts', 'unused = 1', 'unused = 2')).toEqual([])
  expect(edited('r/probes/scene.ts', 'other = 1', 'other = 2')).toEqual([])
})

test('a table counts for the probe that reads it, and not for one that calls a route through something else', () => {
  expect(edited('r/probes/routes-table.ts', "'/a'", "'/a', '/b'")).toEqual(['SEC-02'])
})

test('an edited file counts where the lines around the edit changed, or the edited text went', () => {
  expect(edited('src/app.ts', '1\n2', '1\nmore\n2')).toEqual([])
  expect(edited('src/app.ts', '8\n', '8\nmore\n')).toEqual(['SEC-01', 'SEC-02', 'SEC-03'])
  expect(edited('src/app.ts', 'register(a)', 'register(b)')).toEqual(['SEC-01', 'SEC-02', 'SEC-03'])
})

test('every control of the project is found in its catalogue, with its probe', async () => {
  const { catalogue } = await import('../catalogue/catalogue.ts')
  const { openHome } = await import('./home.ts')
  const { changeSince } = await import('./machine.ts')
  const { piecesOfControls } = await import('./pieces.ts')
  const root = `${import.meta.dirname}/../..`
  const home = await openHome(`${root}/readiness`, '2026-01-01')
  const pieces = piecesOfControls(home.files(root), (await changeSince(root, 'HEAD'))?.now ?? (() => undefined))
  expect([...pieces.keys()].sort()).toEqual(catalogue.map(({ id }) => id).sort())
})
