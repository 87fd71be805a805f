// OPS-11: whoever is woken finds a page whose every command can be typed: links lead somewhere, scripts and programs are there, shell and
// SQL are understood, and the metrics that it names are told.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { anchorsOf } from '../../tools/documents.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { metricsUrlOf } from './observability-samples.ts'
import { readGroups } from './prometheus.ts'

type Page = { path: string; name: string; text: string; blocks: string[] }

const parts = ['Meaning', 'Impact', 'First commands', 'Confirm', 'Fix', 'Prevent']
const templates = ['On-call', 'Severity levels', 'Escalation', 'Communication templates']
const folder = 'docs/runbooks/alerts'

export async function runbooksCanBeFollowed(context: Context): Promise<Evidence> {
  const { tree } = context
  const alerts = alertsOf(tree)
  const pages = [...new Set(alerts.map(({ file }) => file))].map((file) => readPage(tree, join(folder, file)))
  for (const { alert, file } of alerts)
    if (!pages.some(({ path, text }) => basename(path) === file && /^# .*/.exec(text)?.[0].includes(alert)))
      red('page-of-another-alert', `${file} does not name ${alert}`)
  for (const page of pages) hasItsParts(page)
  const onCall = readPage(tree, 'docs/on-call.md')
  for (const heading of templates) if (!partOf(onCall, heading).includes('[')) red('no-template', heading)

  const all = [...pages, readPage(tree, join(folder, 'README.md')), onCall]
  const links = all.reduce((count, page) => count + followLinks(tree, page), 0)
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { scripts: object }
  for (const page of all) namesWhatIsThere(tree, page, Object.keys(scripts))
  return {
    alerts: alerts.length,
    pages: pages.length,
    links,
    shellBlocks: all.reduce((count, { blocks }) => count + blocks.length, 0),
    statements: await sqlIsUnderstood(context, pages),
    metrics: await metricsAreTold(context, all),
  }
}

function alertsOf(tree: string): { alert: string; file: string }[] {
  const files = globSync('monitoring/alerts/*.yml', { cwd: tree, exclude: ['**/*.test.yml'] })
  const rules = files.flatMap((file) => readGroups(join(tree, file)).flatMap((group) => group.rules))
  if (rules.length < 30) red('no-alerts', String(rules.length))
  return rules.map(({ alert = '', annotations = {} }) => {
    const file = annotations.runbook_url?.split('/').at(-1) ?? ''
    if (!file || !existsSync(join(tree, folder, file))) red('no-runbook', alert)
    return { alert, file }
  })
}

function readPage(tree: string, path: string): Page {
  const text = readFileSync(join(tree, path), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block)
  return { path, name: basename(path), text, blocks }
}

/** What stands between a heading of the second level and the next one. */
const partOf = ({ text }: Page, heading: string) =>
  text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''

function hasItsParts(page: Page): void {
  const found = [...page.text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
  if (found.join() !== parts.join()) red('parts-missing', `${page.name}: ${found}`)
  if (!/^```sh\n[^#\n]*\S/m.test(partOf(page, 'First commands').replace(/^#.*\n/gm, ''))) red('no-command', page.name)
}

function followLinks(tree: string, { path, text }: Page): number {
  const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)/g)]
  for (const [link, target = '', anchor] of links) {
    const file = target ? join(dirname(path), target) : path
    if (!existsSync(join(tree, file))) red('dead-link', `${path}: ${link}`)
    if (anchor && !anchorsOf(readFileSync(join(tree, file), 'utf8')).includes(anchor))
      red('dead-link', `${path}: ${link}`)
  }
  return links.length
}

function namesWhatIsThere(tree: string, { name, text, blocks }: Page, scripts: string[]): void {
  for (const [, script = ''] of text.matchAll(/npm run ([a-z][a-z:-]*)/g))
    if (!scripts.includes(script)) red('no-such-command', `${name}: npm run ${script}`)
  for (const [, program = ''] of text.matchAll(/\bnode ((?:src|tools)\/[a-z0-9/-]+\.ts)/g))
    if (!existsSync(join(tree, program))) red('no-such-command', `${name}: node ${program}`)
  for (const block of blocks) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: block, encoding: 'utf8' })
    if (status !== 0) red('command-malformed', `${name}: ${stderr}`)
  }
}

const nobody = "'00000000-0000-4000-8000-000000000000'"
const statement = /psql ("\$\w+"|-U postgres \w+)(?: -[vAtF] ?\S+| -At)*(?: -c| <<<) ("(?:[^"\\]|\\.)*"|'[^']*')/g

/** Each is planned as whoever is told to run it, rights included; nothing is done. */
async function sqlIsUnderstood({ sql }: Context, pages: Page[]): Promise<number> {
  let planned = 0
  for (const { name, text } of pages)
    for (const [, login = '', quoted = ''] of text.matchAll(statement)) {
      const words = quoted
        .slice(1, -1)
        .replace(/\\(["$`])/g, '$1')
        .replace(/:'\w+'/g, nobody)
        .replace(/\bPID\b/g, '0')
      // Not of our schema, or without a plan.
      if (!/^(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(words) || words.includes('pg_stat_statements')) continue
      const query = login.includes('OWNER') ? sql.owner : login.includes('-U postgres') ? sql.admin : sql.app
      await query(`EXPLAIN ${words}`).catch((error: Error) => red('sql-refused', `${name}: ${words}: ${error.message}`))
      planned++
    }
  if (planned < 10) red('no-sql', String(planned))
  return planned
}

/** A name may be the beginning of several, as in a search; roles of PostgreSQL look the same. */
async function metricsAreTold({ apiAt, server, workers }: Context, pages: Page[]): Promise<number> {
  const texts = await Promise.all(
    [server, ...workers].map(async (door) => (await apiAt(metricsUrlOf(door)).anonymous('GET', '/metrics')).text),
  )
  const told = [...texts.join('\n').matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
  const named = new Set<string>()
  for (const { name, text } of pages) {
    const plain = text.replace(/\b(seaworthy|nodejs|process)_\(([\w|]+)\)/g, (_, start, ends: string) =>
      ends
        .split('|')
        .map((end) => `${start}_${end}`)
        .join(' '),
    )
    for (const [metric] of plain.matchAll(/\b(?:seaworthy|nodejs)_[a-z][a-z0-9_]*/g)) {
      const bare = metric.replace(/_(bucket|count|sum)$/, '')
      if (['seaworthy_app', 'seaworthy_monitor'].includes(metric)) continue
      if (!told.some((each) => each.startsWith(metric) || each === bare)) red('metric-not-told', `${name}: ${metric}`)
      named.add(metric)
    }
  }
  return named.size
}
