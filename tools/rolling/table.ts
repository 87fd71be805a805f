// What a run has to say, as lines that stand under each other.
import { isLost } from './findings.ts'
import type { Outcome } from './load.ts'

/** Milliseconds from which a request counts as sent too late: the machine, not the service, made it wait. */
const tooLate = 100

export function tableOf(outcomes: readonly Outcome[], seconds: number): string[] {
  const names = [...new Set(outcomes.map(({ name }) => name))].sort()
  const lines = names.map((name) =>
    rowOf(
      name,
      outcomes.filter((one) => one.name === name),
    ),
  )
  const late = outcomes.filter((one) => one.late > tooLate).length
  const sent = (outcomes.length / seconds).toFixed(0)
  return [
    ['request', 'sent', 'answered', 'lost', 'p50 ms', 'p99 ms', 'max ms'].map(cell).join(''),
    ...lines,
    rowOf('all', outcomes),
    `${sent} requests a second over ${seconds.toFixed(1)} s; ${late} of them left more than ${tooLate} ms late, the latest ${most(outcomes.map((one) => one.late))} ms`,
    ...reasonsOf(outcomes),
  ]
}

function rowOf(name: string, outcomes: readonly Outcome[]): string {
  const lost = outcomes.filter(isLost).length
  const took = outcomes.map((one) => one.took).sort((a, b) => a - b)
  const at = (share: number) => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0)
  return [name, outcomes.length, outcomes.length - lost, lost, at(0.5), at(0.99), at(1)].map(cell).join('')
}

/** How often each thing went wrong. */
function reasonsOf(outcomes: readonly Outcome[]): string[] {
  const reasons = new Map<string, number>()
  for (const one of outcomes.filter(isLost)) {
    const code = /"code":"(\w+)"/.exec(one.text)?.[1] ?? ''
    const reason = `lost: ${one.name} ${one.fault ?? `${one.status} ${code}`}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  return [...reasons].map(([reason, times]) => `${reason}, ${times} times`)
}

const most = (numbers: readonly number[]) => Math.round(numbers.reduce((a, b) => Math.max(a, b), 0))
const cell = (value: string | number, at: number) => (at === 0 ? `${value}`.padEnd(10) : `${value}`.padStart(10))
