// Numbers as people read them, in the units that Grafana names, and the top of an axis.
const bytes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
const counts = ['', 'k', 'M', 'G', 'T']
const times: [name: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
  ['ms', 0.001],
  ['µs', 0.000_001],
]

/** Three figures, and no zeros at the end; all of a whole number that has four. */
const figures = (value: number) => String(value < 1000 ? Number(value.toPrecision(3)) : Math.round(value))

/** A value in its unit: s, bytes, percentunit, reqps or short. A dash where there is no number. */
export function formatValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–'
  if (value < 0) return `−${formatValue(-value, unit)}`
  if (unit === 'bytes') return scaled(value, 1024, bytes, ' ')
  if (unit === 'percentunit') return `${figures(value * 100)} %`
  if (unit === 'reqps') return `${scaled(value, 1000, counts)}/s`
  if (unit === 's') return duration(value)
  return scaled(value, 1000, counts)
}

function scaled(value: number, base: number, names: string[], gap = ''): string {
  // Three figures of 999.9 are the next unit's 1.
  const at = names.findIndex((_, power) => Number((value / base ** power).toPrecision(3)) < base)
  const power = at < 0 ? names.length - 1 : at
  return `${figures(value / base ** power)}${gap}${names[power]}`
}

function duration(value: number): string {
  if (value === 0) return '0 s'
  const [name, seconds] = times.find(([, least]) => value >= least * 0.9995) ?? ['µs', 0.000_001]
  return `${figures(value / seconds)} ${name}`
}

/** A round number at or above the greatest value, of which the half is round too: where an axis from 0 ends. */
export function topOf(greatest: number, unit: string): number {
  if (!(greatest > 0) || !Number.isFinite(greatest)) return 1
  if (unit === 'bytes') return roundUp(greatest, 1024 ** Math.floor(Math.log2(greatest) / 10))
  if (unit === 's') return roundUp(greatest, times.find(([, least]) => greatest >= least)?.[1] ?? 0.000_001)
  // More than all of something is no surprise for a processor, and not for what is counted in shares of a whole.
  return roundUp(greatest, 1)
}

/** In steps of 1, 2, 4, 6, 8 and 10 of the decimal that fits, counted in `one`. */
function roundUp(value: number, one: number): number {
  const decimal = 10 ** Math.floor(Math.log10(value / one)) * one
  const step = [1, 2, 4, 6, 8, 10].find((each) => value <= each * decimal * 1.000_001) ?? 10
  return step * decimal
}
