// What the repository says of its controls: the catalogue, the permanent list, waivers, risks and sign-offs. Read whole and refused
// whole: with one malformed entry nothing is run.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Need, needs } from '../context/stack.ts'
import type { Control, ControlId } from '../control.ts'
import { Risk, SignOff, Waiver } from '../report/report.schemas.ts'

/** A line of controls.tsv. Ids are permanent. */
export type Listed = { id: ControlId; level: 'must' | 'should'; holds: string }
export type Home = Awaited<ReturnType<typeof openHome>>

/** The catalogue, a waiver or another file is not as it has to be: exit code 2. */
export class BrokenHome extends Error {}

/** What need not be verified where a part cannot be had, and why. Anything else that was not run is red. */
const Exemption = Type.Object(
  {
    without: Type.Enum(needs, { type: 'string' }),
    controls: Type.Array(Type.String({ pattern: '^[A-Z]{3}-[0-9]{2}$' })),
    why: Type.String({ minLength: 10 }),
  },
  { additionalProperties: false },
)

/** The folder with catalogue/catalogue.ts, controls.tsv and the files beside them. Throws BrokenHome with everything that is wrong. */
export async function openHome(folder: string, today: string) {
  const { catalogue } = (await import(pathToFileURL(join(folder, 'catalogue/catalogue.ts')).href)) as {
    catalogue: readonly Control[]
  }
  const list = readList(join(folder, 'controls.tsv'))
  const waivers = readAll(folder, 'waivers.json', Type.Array(Waiver))
  const risks = readAll(folder, 'risks.json', Type.Array(Risk))
  const exemptions = readAll(folder, 'not-verified.json', Type.Array(Exemption))
  const faults = [...catalogueFaults(catalogue, list), ...waiverFaults(waivers, list, today)]
  if (faults.length > 0) throw new BrokenHome(faults.join('\n'))
  return { folder, catalogue, list, waivers, risks, exemptions, files, signOffs: () => readSignOffs(folder) }

  /** The files that declare controls, as paths in the project at `root`. */
  function files(root: string): string[] {
    return readdirSync(join(folder, 'catalogue')).map((name) => relative(root, join(folder, 'catalogue', name)))
  }
}

function readList(file: string): Listed[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1)
  return lines
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [id, level, , holds = ''] = line.split('\t')
      return { id: id as ControlId, level: level as Listed['level'], holds }
    })
}

function readAll<T extends TSchema>(folder: string, name: string, schema: T): Static<T> {
  const value = readJson(join(folder, name), '[]')
  const [wrong] = Value.Errors(schema, value)
  if (wrong) throw new BrokenHome(`${name}: ${wrong.instancePath || 'the file'} ${wrong.message}`)
  return value as Static<T>
}

function readJson(file: string, otherwise: string): unknown {
  try {
    return JSON.parse(existsSync(file) ? readFileSync(file, 'utf8') : otherwise)
  } catch (error) {
    throw new BrokenHome(`${file} is not JSON: ${(error as Error).message}`)
  }
}

/** What was signed so far. One that is malformed is broken, like all the rest. */
function readSignOffs(folder: string): SignOff[] {
  const from = join(folder, 'sign-offs')
  const files = existsSync(from) ? readdirSync(from).filter((name) => name.endsWith('.json')) : []
  return files.sort().map((name) => readAll(from, name, SignOff))
}

function catalogueFaults(catalogue: readonly Control[], list: Listed[]): string[] {
  const known = new Map(list.map((listed) => [listed.id, listed]))
  const seen = new Set<string>()
  const faults: string[] = []
  for (const { id, level, sabotages } of catalogue) {
    if (seen.has(id)) faults.push(`${id} is declared twice`)
    seen.add(id)
    if (!known.has(id)) faults.push(`${id} is not in controls.tsv`)
    else if (known.get(id)?.level !== level)
      faults.push(`${id} is a ${known.get(id)?.level} in controls.tsv, not a ${level}`)
    const names = sabotages.map(({ name }) => name)
    if (new Set(names).size < names.length) faults.push(`${id} has two sabotages of one name`)
  }
  if (catalogue.length === 0) faults.push('The catalogue is empty')
  return faults
}

const day = 86_400_000

function waiverFaults(waivers: Waiver[], list: Listed[], today: string): string[] {
  return waivers.flatMap(({ control, created, expires, owner, approver }) => {
    const faults: string[] = []
    const length = (Date.parse(expires) - Date.parse(created)) / day
    if (!list.some(({ id }) => id === control)) faults.push('waives a control that nobody knows')
    if (Number.isNaN(length) || length <= 0) faults.push('does not end after it was made')
    if (length > 90) faults.push(`lasts ${length} days: at most 90`)
    if (created > today) faults.push(`was made in the future, on ${created}`)
    if (expires < today) faults.push(`ran out on ${expires}`)
    if (owner.trim().toLowerCase() === approver.trim().toLowerCase()) faults.push('is approved by its own owner')
    return faults.map((fault) => `waivers.json: the waiver of ${control} ${fault}`)
  })
}

/** Whether a control may go without a verdict where that part cannot be had. */
export function mayLack({ exemptions }: Pick<Home, 'exemptions'>, id: string, need: Need): boolean {
  return exemptions.some(({ without, controls }) => without === need && controls.includes(id))
}

/** Whole days until a waiver ends; null without one for this environment (`local`, or the host of a target). */
export function waiverDaysLeft(waivers: readonly Waiver[], id: string, where: string, today: string): number | null {
  const waiver = waivers.find(({ control, environment }) => control === id && ['any', where].includes(environment))
  return waiver ? Math.round((Date.parse(waiver.expires) - Date.parse(today)) / day) : null
}
