// What of the repository is updated by schedule, held against what the repository has.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, matchesGlob } from 'node:path'
import { parse } from 'yaml'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { isTriggeredBy, openStage, readWorkflows, type Workflow } from './operations-workflows-model.ts'
import { mustDo, stages } from './operations-workflows-stages.ts'

type Update = Partial<{
  'package-ecosystem': string
  directory: string
  directories: string[]
  schedule: { interval?: string }
  cooldown: { 'default-days'?: number }
  'open-pull-requests-limit': number
  ignore: unknown[]
}>

/** Where each kind of dependency stands. */
const kinds: Record<string, string[]> = {
  npm: ['package.json'],
  docker: ['Dockerfile', '{nginx,.ci,monitoring,stores,fly,backup,tools}/**/Dockerfile'],
  'docker-compose': ['{compose,docker-compose*}.{yml,yaml}', 'monitoring/compose.yaml'],
}

export async function seeUpdates({ tree, folder }: Context): Promise<Evidence> {
  const { version, updates } = parse(readFileSync(join(tree, '.github/dependabot.yml'), 'utf8')) as {
    version: number
    updates: Update[]
  }
  if (version !== 2) red('not-updated', `version ${version}`)
  const places = [
    ['github-actions', '/'],
    ...Object.entries(kinds).flatMap(([kind, globs]) => placesOf(tree, kind, globs)),
  ]
  for (const [kind = '', place = ''] of places) mustUpdate(updates, kind, place)
  const workflows = readWorkflows(tree)
  const nightly = workflows.filter((workflow) => isTriggeredBy(workflow, 'schedule') && hasTime(workflow))
  const theatre = openStage(folder(), tree)
  const audit = stages.filter(({ name }) => name === 'known holes')
  // Which workflows have a time at all is asked first: without one the audit is not merely left out.
  if (!nightly.some(({ file }) => file === 'security.yml')) red('audit-not-scheduled')
  await mustDo(theatre, nightly, 'schedule', audit)
  return { kinds: new Set(places.map(([kind]) => kind)).size, places: places.map((place) => place.join(' ')) }
}

function placesOf(tree: string, kind: string, globs: string[]): string[][] {
  const folders = new Set(
    globs.flatMap((glob) => globSync(glob, { cwd: tree })).map((file) => join('/', dirname(file))),
  )
  if (folders.size === 0) throw new Error(`There is nothing of ${kind} to look at`)
  return [...folders].map((place) => [kind, place])
}

function mustUpdate(updates: Update[], kind: string, place: string): void {
  const covers = (update: Update) =>
    update['package-ecosystem'] === kind &&
    [update.directory ?? [], update.directories ?? []].flat().some((glob) => matchesGlob(place, glob))
  const found = updates.find(covers) ?? red('not-updated', `${kind} in ${place}`)
  if (!/^(daily|weekly)$/.test(found.schedule?.interval ?? '')) red('not-updated', `${kind} has no schedule`)
  if (found['open-pull-requests-limit'] === 0 || found.ignore) red('not-updated', `${kind} is held back`)
  if (!((found.cooldown?.['default-days'] ?? 0) >= 3)) red('no-waiting', kind)
}

function hasTime({ on }: Workflow): boolean {
  const times = typeof on === 'object' && !Array.isArray(on) ? on.schedule : []
  return Array.isArray(times) && times.some(({ cron }) => /^(\S+ ){4}\S+$/.test(cron))
}
