// What a control, a probe and a sabotage are. The catalogue is a list of these objects, and everything else reads it.
import type { Context } from './context/context.ts'
import type { Edit } from './context/edits.ts'
import type { Target } from './context/http.ts'
import type { Need } from './context/stack.ts'

// Every entry of the catalogue says it.
export { lacking, red } from './context/red.ts'

export const areas = {
  SEC: 'security',
  API: 'api',
  REL: 'reliability',
  DAT: 'data',
  QUE: 'queue',
  PER: 'performance',
  SCA: 'scale',
  OBS: 'observability',
  OPS: 'operations',
  DRY: 'recovery',
  RDY: 'readiness',
} as const
export type AreaCode = keyof typeof areas
export type ControlId = `${AreaCode}-${number}`

export const tiers = ['fast', 'slow', 'docker'] as const
type Tier = (typeof tiers)[number]
type Plane = 'live' | 'file'
/** What a probe saw, for whoever reads the report. No secrets, no personal data. */
export type Evidence = Record<string, string | number | boolean | null | readonly (string | number)[]>

type Expected = { red: string }
type Settings = Record<string, string>

/** A change of the state of a running stack. `look` describes that state: `apply` must change it, and `undo` bring it back. */
export type StateChange = {
  look(context: Context): Promise<unknown>
  apply(context: Context): Promise<unknown>
  undo(context: Context): Promise<unknown>
}

/** One way to break a control. `red` is the reason for which the probe has to turn red: any other is no detection. */
export type Sabotage = { name: string; red: string } & (
  | { kind: 'source'; edits: readonly Edit[] }
  | { kind: 'config'; env: Settings }
  | { kind: 'state'; change: StateChange }
)

export type Control = {
  id: ControlId
  level: 'must' | 'should'
  /** What holds, in one sentence. */
  holds: string
  /** Why it is asked for, with the incident that it prevents. */
  because: string
  /** Where it is built: files of this repository. */
  code: readonly string[]
  /** What to do when it does not hold: a document, with an anchor where that helps. */
  runbook: string
  /** `live` is seen on a running stack, `file` is what a file says to its own tool. */
  plane: Plane
  /** `fast`: seconds, on processes. `slow`: minutes. `docker`: on containers. */
  tier: Tier
  needs: readonly Need[]
  /** A stack of its own, with these settings: for a probe that disturbs others, or needs other settings than they. */
  own?: Settings | undefined
  /** What controls.tsv asks for and no code does yet: shown beside the verdict. */
  lacks?: string | undefined
  /** Looks from outside, and answers what it saw. Throws by `red(reason)`. */
  probe(context: Context): Promise<Evidence>
  /** The part that only reads, for `--target URL`: it may run against production. */
  look?: ((target: Target) => Promise<Evidence>) | undefined
  /** At least one; those of lines that register it (`removed`) among them. */
  sabotages: readonly [Sabotage, ...Sabotage[]]
}

type Defaults = 'plane' | 'tier'

/** Declares a control; it is live and fast unless it says otherwise. */
export function control(given: Omit<Control, Defaults> & Partial<Pick<Control, Defaults>>): Control {
  return { plane: 'live', tier: 'fast', ...given }
}

/** Replaces a text of a file in a copy of the tree, from which the stack is started. */
export function source(name: string, file: string, find: string, replace: string, { red }: Expected): Sabotage {
  return { name, kind: 'source', edits: [{ file, find, replace }], red }
}

/** The same for several places that only together break the control. */
export function sources(name: string, edits: readonly Edit[], { red }: Expected): Sabotage {
  return { name, kind: 'source', edits, red }
}

/** Deletes the line that registers or wraps a control. */
export function removed(file: string, line: string, { red }: Expected): Sabotage {
  return { name: `removed: ${line.trim()}`, kind: 'source', edits: [{ file, find: `${line}\n`, replace: '' }], red }
}

/** Starts the stack with other variables of the environment. */
export function config(name: string, env: Settings, { red }: Expected): Sabotage {
  return { name, kind: 'config', env, red }
}

/** Changes the state of the running stack. */
export function state(name: string, change: StateChange, { red }: Expected): Sabotage {
  return { name, kind: 'state', change, red }
}
