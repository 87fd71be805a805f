// OPS-12: whoever clones this finds every page that they need, each link leads somewhere, and what a page says to type can be typed.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { anchorsOf, type Block, blocksOf, commandsOf, documentsWithCommands, linksOf } from '../../tools/documents.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

/** What is looked for, and where it has to be found from the README. */
const pages: Record<string, string> = {
  'quick start': 'README.md',
  architecture: 'docs/architecture.md',
  API: 'docs/openapi.json',
  configuration: 'docs/configuration.md',
  deployment: 'docs/deployment.md',
  operations: 'docs/operations.md',
  troubleshooting: 'docs/troubleshooting.md',
  decisions: 'docs/decisions/README.md',
}
const signIn = { email: 'client@example.com', password: 'correct-horse-battery' }

export async function documentsCanBeFollowed(context: Context): Promise<Evidence> {
  const { tree } = context
  const documents = documentsWithCommands(tree)
  const links = documents.reduce((count, document) => count + followLinks(tree, document), 0)
  everyPageIsFound(tree)
  const blocks = documents.flatMap((document) => blocksOf(tree, document))
  const scripts = namedScriptsAreThere(tree, documents)
  const runner = await runnerTakes(context, blocks)
  await settingsAreCurrent(context)
  const first = await firstCallWorks(context, blocks)
  return { pages: Object.keys(pages), documents: documents.length, links, scripts, runner, commands: first }
}

function followLinks(tree: string, document: string): number {
  const links = linksOf(readFileSync(join(tree, document), 'utf8'))
  for (const { link, target, anchor } of links) {
    const file = join(tree, target ? join(dirname(document), target) : document)
    if (!existsSync(file)) red('dead-link', `${document}: ${link}`)
    if (anchor && file.endsWith('.md') && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor))
      red('dead-link', `${document}: ${link}`)
  }
  return links.length
}

/** By links of the README: a page that nobody is led to is not found when it is needed. */
function everyPageIsFound(tree: string): void {
  const linked = linksOf(readFileSync(join(tree, 'README.md'), 'utf8')).map(({ target }) => target)
  for (const [what, page] of Object.entries(pages)) {
    if (!existsSync(join(tree, page)) || readFileSync(join(tree, page), 'utf8').length < 1000) red('page-missing', page)
    if (page !== 'README.md' && !linked.includes(page)) red('page-left-out', `${what}: ${page}`)
  }
  const start = blocksOf(tree, 'README.md').find(({ heading, machine }) => heading === 'Start' && !machine)
  if (!start) red('page-missing', 'README.md has no quick start')
}

function namedScriptsAreThere(tree: string, documents: string[]): number {
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = new Set<string>()
  for (const document of documents) {
    for (const [, name = ''] of readFileSync(join(tree, document), 'utf8').matchAll(/\bnpm run ([a-z][a-z:-]*)/g)) {
      if (!(name in scripts)) red('no-such-command', `${document}: npm run ${name}`)
      named.add(name)
    }
  }
  for (const name of named) {
    const program = /^(?:node .*?)?\b((?:src|tools|readiness)\/\S+\.ts|scripts\/\S+)/.exec(scripts[name] ?? '')?.[1]
    if (program && !existsSync(join(tree, program))) red('no-such-command', `npm run ${name}: ${program}`)
  }
  return named.size
}

/** The tree's own reader takes each command line of the runner that is printed, without running it. */
async function runnerTakes({ tree, finish }: Context, blocks: Block[]): Promise<number> {
  const lines = blocks.flatMap(commandsOf).filter((command) => /^npm run readiness( |$)/.test(command))
  if (lines.length === 0) red('nothing-examined', 'no command of the runner')
  const words = lines.map((line) =>
    line
      .split(/\s+/)
      .slice(3)
      .filter((word) => word !== '--'),
  )
  const script = `import { readOptions } from '${join(tree, 'readiness/runner/options.ts')}'
    for (const words of ${JSON.stringify(words)}) readOptions(words, '${tree}')`
  const { code, said } = await finish(['--input-type=module', '--eval', script])
  if (code !== 0) red('command-refused', said.slice(0, 1000))
  return lines.length
}

async function settingsAreCurrent({ finish }: Context): Promise<void> {
  const { code, said } = await finish(['tools/configuration-document.ts', '--check'])
  if (code !== 0) red('settings-are-stale', said.slice(0, 1000))
}

/** "A first call" of the README, as it is printed, on the running service. */
async function firstCallWorks({ api, sql, until }: Context, blocks: Block[]): Promise<number> {
  const [block] = blocks.filter(({ document, heading }) => document === 'README.md' && heading === 'A first call')
  if (!block) return red('page-missing', 'README.md has no first call')
  // npm start makes this account; here nobody did before.
  const known = await sql.owner('SELECT id FROM users WHERE email = $1', [signIn.email])
  if (known.length === 0) {
    const made = await api.anonymous('POST', '/v1/auth/register', {
      body: { ...signIn, name: 'Clara', role: 'client' },
    })
    if (made.status >= 300) red('cannot-register', made.text.slice(0, 300))
  }
  const script = block.text.replaceAll('http://127.0.0.1:8080', api.url)
  const ran = await promisify(execFile)('bash', ['-euc', script], { timeout: 30_000 }).catch((error: Error) =>
    red('first-call-fails', error.message.slice(0, 1000)),
  )
  for (const sign of ['"title":"Splice the mooring lines, all twelve"', '"status":"open"'])
    if (!ran.stdout.includes(sign)) red('first-call-fails', `no ${sign}: ${ran.stdout.slice(0, 1000)}`)
  await until('not-found-afterwards', async () =>
    (await api.anonymous('GET', '/v1/jobs?q=splice')).text.includes('Splice the mooring lines, all twelve'),
  )
  return commandsOf(block).length
}
