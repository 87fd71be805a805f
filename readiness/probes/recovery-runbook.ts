// DRY-11: whoever has lost everything finds a page that leads to one procedure, each with its end, by scripts that are there; and what is
// promised was measured, not long ago, and held.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { anchorsOf, blocksOf, linksOf } from '../../tools/documents.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

const page = 'backup/DISASTER_RECOVERY_RUNBOOK.md'
const sections = [
  'Roles',
  'Severities',
  'Which procedure',
  'Procedures',
  'After each restore',
  'Communication',
  'Targets, and what was measured',
  'Tests',
]
const roles = ['decides', 'restores', 'tells people']
const procedures = [
  'Everything is lost',
  'The primary is lost',
  'Something is corrupt',
  'Wrong data was written',
  'The region is lost',
  'A key leaked',
  'Redis is lost',
  'The monitoring is lost',
]
const templates = ['First word', 'Update', 'End', 'After data was lost', 'To the authority']
/** What is promised at most, in seconds: back within, and lost. A logical backup is made once a day. */
const promised: Record<string, [number, number]> = {
  'logical restore': [1800, 26 * 3600],
  'point in time': [1800, 60],
  'standby takes over': [1800, 60],
  'full system from nothing': [7200, 60],
}
const daysGood = 400

export async function runbookLeadsBack({ tree }: Context): Promise<Evidence> {
  if (!existsSync(join(tree, page))) red('page-missing', page)
  const text = readFileSync(join(tree, page), 'utf8')
  for (const heading of sections) if (!partOf(text, '##', heading)) red('section-missing', heading)
  rolesHaveDeputies(partOf(text, '##', 'Roles'))
  proceduresHaveAnEnd(text)
  templatesAreThere(partOf(text, '##', 'Communication'))
  const links = linksLeadSomewhere(tree, text)
  const named = namedIsThere(tree, text)
  const commands = commandsAreSound(tree)
  return { procedures: procedures.length, links, named, commands, ...targetsWereMet(text, new Date()) }
}

/** What stands between a heading and the next one of its level or above. */
function partOf(text: string, level: '##' | '###', heading: string): string {
  const [, part = ''] = text.split(`\n${level} ${heading}\n`)
  return (level === '##' ? part.split(/^## /m) : part.split(/^##+ /m))[0]?.trim() ?? ''
}

const cellsOf = (row: string) =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const rowsOf = (part: string) => [...part.matchAll(/^\|.*\|$/gm)].map(([row]) => cellsOf(row)).slice(2)

function rolesHaveDeputies(part: string): void {
  const rows = rowsOf(part)
  for (const role of roles) {
    const [, does, who, deputy] = rows.find(([name]) => name === role) ?? red('role-missing', role)
    if (!does || !who || !deputy) red('role-missing', `${role} has nobody, or no deputy`)
  }
}

/** Each can be reached by the tree of decisions, says what is seen and what is done, and when it is over. */
function proceduresHaveAnEnd(text: string): void {
  const all = partOf(text, '##', 'Procedures')
  const found = [...all.matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading)
  for (const procedure of procedures) if (!found.includes(procedure)) red('procedure-missing', procedure)
  const leads = linksOf(partOf(text, '##', 'Which procedure')).map(({ anchor }) => anchor)
  for (const procedure of found) {
    if (!leads.includes(anchorsOf(`# ${procedure}`)[0])) red('procedure-not-led-to', procedure)
    const part = partOf(text, '###', procedure)
    if (!/^- \*\*See\.\*\* \S/m.test(part) || !/^ +1\. \S/m.test(part) || !/^ +2\. \S/m.test(part))
      red('procedure-without-steps', procedure)
    if (!/^- \*\*Well again\.\*\* \S.{20}/m.test(part)) red('procedure-without-end', procedure)
  }
}

function templatesAreThere(part: string): void {
  for (const template of templates)
    if (!new RegExp(`^- \\*\\*${template}\\.\\*\\* .*\\[[A-Z]`, 'm').test(part)) red('template-missing', template)
}

function linksLeadSomewhere(tree: string, text: string): number {
  const links = linksOf(text)
  for (const { link, target, anchor } of links) {
    const file = join(tree, target ? join(dirname(page), target) : page)
    if (!existsSync(file)) red('not-there', link)
    if (anchor && file.endsWith('.md') && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor))
      red('not-there', link)
  }
  return links.length
}

/** Scripts, programs and files of this repository, in the containers too; scripts of npm; services of the stack. */
function namedIsThere(tree: string, text: string): number {
  const { scripts } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { scripts: object }
  const { services } = parse(readFileSync(join(tree, 'docker-compose.production.yml'), 'utf8'), { merge: true }) as {
    services: object
  }
  const named = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))]
  const files = named(/(?<![\w./-])\.?\/?((?:backup|config|scripts|src)\/\w[\w./-]*\w)/g)
  for (const file of files) if (!existsSync(join(tree, file))) red('not-there', file)
  const doors = named(/\bnpm run ([a-z][a-z:-]*)/g)
  for (const door of doors) if (!(door in scripts)) red('not-there', `npm run ${door}`)
  const containers = named(/\bdocker compose (?:--profile \w+ )?(?:exec|run)(?: -v \S+| -T| --[a-z-]+)* ([a-z-]+)/g)
  for (const container of containers) if (!(container in services)) red('not-there', `the service ${container}`)
  if (files.length < 8 || doors.length < 3 || containers.length < 3) red('nothing-examined', files.join())
  return files.length + doors.length + containers.length
}

function commandsAreSound(tree: string): number {
  const blocks = blocksOf(tree, page)
  if (blocks.length < 8) red('nothing-examined', `${blocks.length} blocks of commands`)
  for (const { heading, text } of blocks) {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
    if (status !== 0) red('command-malformed', `${heading}: ${stderr}`)
  }
  return blocks.length
}

/** One row for each promise: what was measured, when, and on what. */
function targetsWereMet(text: string, now: Date): Record<string, string> {
  const [, table = ''] = /<!-- measured -->(.*)<!-- \/measured -->/s.exec(text) ?? red('section-missing', 'measured')
  const seen: Record<string, string> = {}
  for (const [procedure, most] of Object.entries(promised)) {
    const row = rowsOf(table).find(([name]) => name === procedure) ?? red('value-missing', procedure)
    const [, within = '', took = '', mayLose = '', lost = '', day = '', where = ''] = row
    for (const value of [took, lost, day, where])
      if (!value || value === 'not measured') red('value-missing', `${procedure}: ${row.join(' | ')}`)
    const pairs = [
      [within, took, most[0]],
      [mayLose, lost, most[1]],
    ] as const
    for (const [target, measured, limit] of pairs) {
      if (secondsOf(target) > limit) red('target-too-high', `${procedure}: ${target}`)
      if (secondsOf(measured) > secondsOf(target)) red('above-target', `${procedure}: ${measured} of ${target}`)
    }
    const age = (now.getTime() - Date.parse(/^\d{4}-\d\d-\d\d$/.test(day) ? day : '')) / 86_400_000
    if (!(age >= 0)) red('day-unreadable', `${procedure}: ${day}`)
    if (age > daysGood) red('measured-too-long-ago', `${procedure}: ${day}`)
    seen[procedure] = `${took}, ${lost} lost, ${day}`
  }
  return seen
}

const units: Record<string, number> = { ms: 0.001, s: 1, min: 60, h: 3600 }

/** "1 h 5 min" in seconds. */
function secondsOf(words: string): number {
  if (!/^\d+(\.\d+)? (ms|s|min|h)( \d+(\.\d+)? (ms|s|min|h))*$/.test(words)) red('value-unreadable', words)
  return [...words.matchAll(/([\d.]+) (\w+)/g)].reduce(
    (sum, [, n, unit = '']) => sum + Number(n) * (units[unit] ?? 0),
    0,
  )
}
