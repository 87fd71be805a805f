// The shape of a case: what it measures, what is aimed at, and what it found.
import type { Load } from './load.ts'
import type { Summary } from './side.ts'
import type { World } from './world.ts'

export type Aim = { least: number } | { most: number }
export type Unit = 'ratio' | 'ms' | 'MB' | 'a second'
/** A figure that a case is there for. Without an aim it is told, and judged by nobody. */
export type Wanted = { name: string; title: string; unit: Unit; aim?: Aim }
/** `spread`: the least and the greatest of the rounds. */
export type Found = { value: number; spread?: [number, number]; sides?: Summary[] }
export type NotMeasured = { why: string }
export type Figure = Wanted & (Found | NotMeasured)

export type Bench = { world: World; load: Load; rounds: number; say: (line: string) => void }
export type Case = {
  name: string
  wanted: readonly Wanted[]
  /** Answers what it found by the name of the figure. Throws when its figures would be void. */
  run: (bench: Bench) => Promise<Record<string, Found | NotMeasured>>
}

/** Undefined where nothing is aimed at; what was not measured has met nothing. */
export function isMet(figure: Figure): boolean | undefined {
  if (!figure.aim) return undefined
  if ('why' in figure) return false
  return 'least' in figure.aim ? figure.value >= figure.aim.least : figure.value <= figure.aim.most
}
