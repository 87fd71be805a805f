// Sides are measured in turn, A-B-A-B, and compared within each round: what else the machine does then hits both.
import type { Found } from './case.ts'
import type { Measured, Side, Summary } from './side.ts'

const usualWarming = 2000

/** Answers `over(n)`: the rate of the first side as a share of that of side n, the median of the rounds' ratios. */
export async function compare(sides: readonly Side[], rounds: number): Promise<{ over: (other: number) => Found }> {
  for (const side of sides) await warm(side)
  const played: Measured[][] = []
  for (let round = 0; round < rounds; round++) {
    const measured: Measured[] = []
    for (const side of sides) measured.push(await side.measure())
    played.push(measured)
  }
  const summaries = sides.map(({ name }, at) => summaryOf(name, columnOf(played, at)))
  return { over: (other) => ratioOf(played, other, summaries) }
}

async function warm({ measure, warm = usualWarming }: Side): Promise<void> {
  for (let done = 0; done < warm; ) done += (await patiently(measure)).count
}

/** A process that has just started may refuse some: it is tried again, twice at most. What counts is never tried again. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  return work().catch(work).catch(work)
}

function ratioOf(played: readonly Measured[][], other: number, summaries: Summary[]): Found {
  const rates = (at: number) => columnOf(played, at).map(({ rate }) => rate)
  const theirs = rates(other)
  const ratios = rates(0).map((rate, round) => rate / (theirs[round] ?? Number.NaN))
  const pair = [summaries[0], summaries[other]].filter((side) => side !== undefined)
  return { value: medianOf(ratios), spread: [Math.min(...ratios), Math.max(...ratios)], sides: pair }
}

const columnOf = (played: readonly Measured[][], at: number) => played.map((round) => round[at] as Measured)

function summaryOf(name: string, measured: readonly Measured[]): Summary {
  const cpus = measured.map(({ cpu }) => cpu).filter((cpu) => cpu !== undefined)
  return { name, rate: medianOf(measured.map(({ rate }) => rate)), cpu: cpus.length > 0 ? medianOf(cpus) : undefined }
}

/** NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
