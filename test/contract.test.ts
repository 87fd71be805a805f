import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { breakingChanges, type Document } from '../readiness/probes/api-contract-changes.ts'
import { run } from './run.ts'

const root = mkdtempSync(join(tmpdir(), 'seaworthy-contract-test-'))
afterAll(() => rmSync(root, { recursive: true }))
for (const file of ['tools/contract.ts', 'releases', 'docs/openapi.json', 'package.json']) {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  cpSync(file, join(root, file), { recursive: true })
}
symlinkSync(resolve('node_modules'), join(root, 'node_modules'))

const released = readFileSync('releases/openapi.json', 'utf8')
const note = readFileSync('releases/last.json', 'utf8')
const { version } = JSON.parse(note) as { version: string }

/** What the check says of a document, with what is declared. */
async function check(change: (document: Document) => void, declared = 'Nothing yet.') {
  const document = JSON.parse(released) as Document
  change(document)
  writeFileSync(join(root, 'docs/openapi.json'), JSON.stringify(document))
  writeFileSync(
    join(root, 'docs/api-changes.md'),
    `# Changes\n\n## After ${version}\n\n${declared}\n\n## After 0.0.1\n`,
  )
  const { code, stdout, stderr } = await run('node', [join(root, 'tools/contract.ts')])
  return { code, said: stdout + stderr }
}

test('each kind of change that breaks clients fails, and it says what to write', async () => {
  const { code, said } = await check((document) => {
    for (const { change } of breakingChanges) change(document)
  })
  expect([code, breakingChanges.filter(({ key }) => !said.includes(`\n- \`${key}`))]).toEqual([1, []])
})

const slugs = breakingChanges[0]
if (!slugs) throw new Error('There is no change to declare')
const line = '- `path-removed /v1/slugs/{slug}: Path /v1/slugs/{slug} was removed`:'

test('what is declared with a reason passes; without one, or under another release, it does not', async () => {
  expect(await check(slugs.change, `${line} nobody used it, ask for the job instead.`)).toMatchObject({ code: 0 })
  expect(await check(slugs.change, line)).toMatchObject({ code: 1, said: expect.stringContaining('says too little') })
  const elsewhere = `## After 0.0.2\n\n${line} nobody used it, ask for the job instead.`
  expect(await check(slugs.change, elsewhere)).toMatchObject({ code: 1, said: expect.stringContaining(line) })
})

test('a declaration of what was taken back fails', async () => {
  const stale = await check(() => {}, `${line} nobody used it, ask for the job instead.`)
  expect(stale).toMatchObject({ code: 1, said: expect.stringContaining('is no change since') })
})

test('what only adds passes', async () => {
  const added = await check(({ components }) => {
    const { Job } = components.schemas
    if (Job) Job.properties.colour = { type: 'string', maxLength: 9, required: [], properties: {} }
  })
  expect(added).toMatchObject({ code: 0, said: expect.stringContaining('breaking changes: 0') })
})

test('a release is recorded with its commit and document, and its heading once; what is in no commit is not', async () => {
  const git = (...words: string[]) =>
    run('git', ['-C', root, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words])
  const record = () => run('node', [join(root, 'tools/contract.ts'), '--record'])
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  const save = (name: string, text: string) => writeFileSync(join(root, name), text)
  // What it is on now, and a line of before that has to stay.
  await check(() => {}, `${line} nobody used it.`)
  await git('init', '--quiet')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'Begin')
  save('package.json', read('package.json').replace(/"version": "[^"]+"/, '"version": "9.1.0"'))
  expect(await record()).toMatchObject({ code: 1, stderr: expect.stringContaining('M package.json') })
  await git('commit', '--quiet', '--all', '--message', 'Raise the version')
  expect(await record()).toMatchObject({ code: 1, stderr: expect.stringContaining('npm run openapi') })
  expect([read('releases/openapi.json') === released, read('releases/last.json')]).toEqual([true, note])

  save('docs/openapi.json', JSON.stringify({ ...JSON.parse(released), info: { title: 'Next', version: '9.1.0' } }))
  await git('commit', '--quiet', '--all', '--message', 'Describe it')
  const commit = (await git('rev-parse', 'HEAD')).stdout.trim()
  for (const turn of ['once', 'twice']) {
    expect([turn, await record()]).toMatchObject([
      turn,
      { code: 0, stdout: expect.stringContaining(`9.1.0 now, of ${commit}`) },
    ])
    expect(JSON.parse(read('releases/last.json'))).toEqual({ version: '9.1.0', commit })
    expect(read('releases/openapi.json')).toBe(read('docs/openapi.json'))
    expect(read('docs/api-changes.md')).toBe(
      `# Changes\n\n## After 9.1.0\n\nNothing yet.\n\n## After ${version}\n\n${line} nobody used it.\n\n## After 0.0.1\n`,
    )
  }
  expect((await run('node', [join(root, 'tools/contract.ts')])).stdout).toContain('Since 9.1.0: breaking changes: 0')
  for (const [name, text] of [
    ['openapi.json', released],
    ['last.json', note],
  ] as const)
    save(`releases/${name}`, text)
})

test('a check without rules fails, instead of finding nothing', async () => {
  writeFileSync(join(root, 'releases/redocly.yaml'), 'extends: [recommended]\n')
  expect(await check(slugs.change)).toMatchObject({ code: 1, said: expect.stringContaining('rules') })
})
