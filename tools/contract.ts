// Holds the OpenAPI document against that of the last release: `node tools/contract.ts [FILE]` exits with 1 for each change that can
// break a client and that docs/api-changes.md does not declare, and says what to write there. `npm run release:record`, run on the
// commit that was released, makes its document and its code those of the last release. It needs no network.
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { parseArgs, promisify } from 'node:util'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const released = resolve(root, 'releases/openapi.json')
const note = resolve(root, 'releases/last.json')
const changes = resolve(root, 'docs/api-changes.md')

type Release = { version: string; commit: string }
type Verdict = { ruleId: string; impact: string; message: string; location?: { pointer?: string } }
type Change = { path: string; impact: string; verdicts: Verdict[] }
type Report = { specVersions: { base: string; revision: string }; changes: Change[] }
type Breaking = { key: string }

const read = async <T>(file: string) => JSON.parse(await readFile(file, 'utf8')) as T

/** What can break a client, by rule and place; Redocly rates each change by the part of the version that it has to raise. */
async function findBreaking(revision: string): Promise<Breaking[]> {
  const program = resolve(root, 'node_modules/@redocly/cli/bin/cli.js')
  const rules = `--config=${resolve(root, 'releases/redocly.yaml')}`
  const words = [program, 'diff', released, revision, rules, '--lint-config=error', '--format=json', '--fail-on=none']
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
  const options = { cwd: root, env: { ...process.env, ...quiet }, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await execute(process.execPath, words, options)
  const { specVersions, changes } = JSON.parse(stdout) as Report
  if (specVersions.base !== specVersions.revision) throw new Error('The two documents are of different kinds')
  const found = changes.flatMap(({ path, verdicts }) =>
    verdicts
      .filter(({ impact }) => impact === 'major')
      .map(({ ruleId, message, location }) => {
        const what = message.replaceAll('`', '').replace(/\.$/, '')
        return { key: `${ruleId} ${placeOf(path, location?.pointer)}: ${what}` }
      }),
  )
  return [...new Map(found.map((breaking) => [breaking.key, breaking])).values()]
}

/** Without its rules Redocly finds nothing, and says that all is well: whether it sees the last release lose a path. */
async function findCanary(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-contract-'))
  try {
    const document = await read<{ paths: Record<string, unknown> }>(released)
    const [path = ''] = Object.keys(document.paths)
    delete document.paths[path]
    const file = join(folder, 'openapi.json')
    await writeFile(file, JSON.stringify(document))
    return (await findBreaking(file)).some(({ key }) => key.startsWith(`path-removed ${path}:`))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A shared schema by its name; all else by its operation, since a place in a list may shift. */
function placeOf(path: string, pointer = ''): string {
  const place = pointer.startsWith('#/components/') ? pointer : path
  return place.replace('#/paths/', '').replaceAll('~1', '/').replaceAll('~0', '~')
}

/** The entries of what comes after a release: "- `KEY`: why, and what a client does instead". */
function declaredAfter(version: string, text: string): Map<string, string> {
  const [, section = ''] = text.split(`\n## After ${version}\n`)
  const entries = (section.split('\n## ')[0] ?? '').matchAll(/^- `([^`]+)`: *(.*)$/gm)
  return new Map([...entries].map(([, key = '', reason = '']) => [key, reason.trim()]))
}

async function compare(revision: string): Promise<string[]> {
  const [{ version }, text, document] = await Promise.all([
    read<Release>(note),
    readFile(changes, 'utf8'),
    read<{ paths?: object }>(released),
  ])
  if (Object.keys(document.paths ?? {}).length === 0) return [`${released} has no path at all`]
  const heading = `## After ${version}`
  if (!text.includes(`\n${heading}\n`)) return [`docs/api-changes.md has no heading "${heading}"`]
  const declared = declaredAfter(version, text)
  const [breaking, canary] = await Promise.all([findBreaking(revision), findCanary()])
  if (!canary) return ['A path that is gone is not found: the rules of releases/redocly.yaml do not work']
  const known = new Set(breaking.map(({ key }) => key))
  const undeclared = breaking.filter(({ key }) => !declared.has(key))
  const unexplained = breaking.filter(({ key }) => (declared.get(key)?.length ?? 20) < 20)
  const stale = [...declared.keys()].filter((key) => !known.has(key))
  if (undeclared.length === 0) console.log(`Since ${version}: breaking changes: ${breaking.length}, all declared.`)
  return [
    ...(undeclared.length > 0
      ? [`This breaks clients of ${version}. Take it back, or write under "${heading}" in docs/api-changes.md:`]
      : []),
    ...undeclared.map(({ key }) => `- \`${key}\`: (why, and what a client does instead)`),
    ...unexplained.map(
      ({ key }) => `docs/api-changes.md says too little of \`${key}\`: why, and what a client does instead`,
    ),
    ...stale.map((key) => `docs/api-changes.md declares what is no change since ${version}: \`${key}\``),
  ]
}

/** On the commit that was released. Answers what is in its way, and then changes nothing. */
async function record(): Promise<string[]> {
  const git = async (...words: string[]) => (await execute('git', words, { cwd: root })).stdout.trim()
  const document = resolve(root, 'docs/openapi.json')
  const [{ version }, { info }, commit, changed] = await Promise.all([
    read<Release>(resolve(root, 'package.json')),
    read<{ info: { version: string } }>(document),
    git('rev-parse', 'HEAD'),
    git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!releases', ':!docs/api-changes.md'),
  ])
  if (changed) return [`What is recorded is a commit, and these are in none:\n${changed}`]
  if (info.version !== version)
    return [
      `docs/openapi.json is that of ${info.version}, and package.json says ${version}: npm run openapi, and commit it`,
    ]
  await copyFile(document, released)
  await writeFile(note, `${JSON.stringify({ version, commit }, null, 2)}\n`)
  const text = await readFile(changes, 'utf8')
  const heading = `## After ${version}`
  if (!text.includes(`\n${heading}\n`))
    await writeFile(
      changes,
      text.replace(/\n## After |$/, (next) => `\n${heading}\n\nNothing yet.\n${next}`),
    )
  console.log(`The last release is ${version} now, of ${commit}. Commit releases/ and docs/api-changes.md.`)
  return []
}

const { values, positionals } = parseArgs({ options: { record: { type: 'boolean' } }, allowPositionals: true })
const faults = values.record
  ? await record()
  : await compare(resolve(positionals[0] ?? resolve(root, 'docs/openapi.json')))
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
