// How workflows are played through; what they have to do is OPS-06, OPS-07 and OPS-09.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  holdsFor,
  isTriggeredBy,
  openStage,
  readWorkflows,
  variantsOf,
} from '../readiness/probes/operations-workflows-model.ts'
import { mustDo } from '../readiness/probes/operations-workflows-stages.ts'

const folder = mkdtempSync(join(tmpdir(), 'workflows-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const root = join(import.meta.dirname, '..')
const theatre = openStage(folder, root)
const workflow = (run: string, more = {}) => ({
  file: 'a.yml',
  on: ['push'],
  defaults: { run: { shell: 'bash' } },
  jobs: { a: { steps: [{ run, ...more }] } },
})
const check = [{ name: 'check', call: 'npm run check' }]
const look = (run: string, more = {}) => mustDo(theatre, [workflow(run, more)], 'push', check)

test('a condition holds only where that can be told', () => {
  expect(holdsFor(undefined, 'push')).toBe(true)
  expect(holdsFor("github.event_name == 'push'", 'push')).toBe(true)
  expect(holdsFor("github.event_name != 'push'", 'push')).toBe(false)
  expect(holdsFor("github.actor == 'somebody'", 'push')).toBe(false)
})

test('a job has a variant for each value of its matrix', () => {
  expect(variantsOf({ strategy: { matrix: { drill: ['a', 'b'] } } })).toEqual([
    { 'matrix.drill': 'a' },
    { 'matrix.drill': 'b' },
  ])
  expect(variantsOf({})).toEqual([{}])
})

test('what a step calls is what its shell calls', async () => {
  await expect(look('npm run check')).resolves.toBeUndefined()
  await expect(look('command="run check"; npm $command')).resolves.toBeUndefined()
  await expect(look('# npm run check')).rejects.toThrow('stage-missing')
})

test('a step that forgives is none, and neither is one that may be left out', async () => {
  await expect(look('npm run check || true')).rejects.toThrow('stage-stays-green')
  await expect(look('npm run check', { 'continue-on-error': true })).rejects.toThrow('stage-can-be-left-out')
  await expect(look('npm run check', { if: 'github.ref_protected' })).rejects.toThrow('stage-can-be-left-out')
  await expect(look('npm run check | cat')).resolves.toBeUndefined()
})

test('outputs and variables arrive', async () => {
  const step = { run: 'echo "machine=$NAME" >>"$GITHUB_OUTPUT"', env: { NAME: ['$', '{{ vars.NAME }}'].join('') } }
  const { code, outputs } = await theatre.play(workflow(''), {}, step, { 'vars.NAME': 'boat' })
  expect([code, outputs]).toEqual([0, { machine: 'boat' }])
})

test('every workflow of the repository is read', () => {
  const all = readWorkflows(root)
  const on = (event: string) => all.filter((one) => isTriggeredBy(one, event)).map(({ file }) => file)
  expect(on('pull_request')).toEqual(['ci.yml', 'security.yml'])
  expect(on('schedule')).toEqual(['nightly.yml', 'security.yml'])
  expect(on('pull_request_target')).toEqual([])
})
