// What a run found: as text, as JSON, and as the generated part of docs/performance.md.
import { textTable } from '../tools/text-table.ts'
import { type Aim, type Figure, isMet, type Unit } from './case.ts'
import type { Summary } from './side.ts'

export type Machine = { cores: number; cpu: string; node: string; commit: string; date: string }

const [begin, end] = ['<!-- made by npm run bench -- --write: -->', '<!-- end of what is made -->']
const heads = ['figure', 'value', 'least to greatest', 'aim', 'met', 'rates a second', 'CPU ms for each']

export const textOf = (figures: readonly Figure[]) => textTable([heads, ...figures.map(cellsOf)])

/** `[{ name, value, aim, met }]`: null for what was not measured, or not aimed at. */
export const jsonOf = (figures: readonly Figure[]) =>
  figures.map((figure) => ({
    name: figure.name,
    value: 'why' in figure ? null : figure.value,
    aim: figure.aim ? boundOf(figure.aim) : null,
    met: isMet(figure) ?? null,
  }))

/** The document with its generated part anew; what people wrote around it stays. Throws where the marks are not there once. */
export function documentOf(document: string, figures: readonly Figure[], growth: string, machine: Machine): string {
  const [before, after] = [document.split(begin), document.split(end)]
  if (before.length !== 2 || after.length !== 2)
    throw new Error(`docs/performance.md has not once: ${begin} and ${end}`)
  const { cores, cpu, node, commit, date } = machine
  const made = [
    `On ${cores} cores (${cpu}), Node ${node}, commit ${commit}, ${date}. Ratios count; rates are those of this machine.`,
    '![each ratio beside its aim](performance.svg)',
    markdownTable([heads.map((head) => head), ...figures.map(cellsOf)]),
    growth,
  ]
  return `${before[0]}${begin}\n\n${made.filter(Boolean).join('\n\n')}\n\n${end}${after[1]}`
}

export const markdownTable = ([head = [], ...rows]: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function cellsOf(figure: Figure): string[] {
  const { title, unit, aim } = figure
  const met = { true: 'yes', false: 'no', undefined: 'told' }[String(isMet(figure))] ?? ''
  const aimed = aim ? `${'least' in aim ? '≥' : '≤'} ${formatted(boundOf(aim), unit)}` : ''
  if ('why' in figure) return [title, `not measured: ${figure.why}`, '', aimed, met, '', '']
  const { value, spread, sides = [] } = figure
  return [
    title,
    formatted(value, unit),
    spread ? spread.map((one) => formatted(one, unit)).join(' to ') : '',
    aimed,
    met,
    sides.map(({ name, rate }) => `${name} ${Math.round(rate)}`).join(', '),
    sides.map(cpuText).join(', '),
  ]
}

export const boundOf = (aim: Aim) => ('least' in aim ? aim.least : aim.most)

const cpuText = ({ cpu }: Summary) => (cpu === undefined ? '' : cpu.toPrecision(2))

const formatted = (value: number, unit: Unit) =>
  unit === 'ratio' ? value.toFixed(2) : `${value < 10 ? value.toPrecision(2) : Math.round(value)} ${unit}`
