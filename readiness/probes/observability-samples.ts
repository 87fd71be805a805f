// What the metrics of processes say: samples, found by name and labels in whatever order those are written.
import type { Context } from '../context/context.ts'
import type { Door } from '../context/stack.ts'
import { red } from '../control.ts'

type Labels = Record<string, string>
export type Sample = {
  name: string
  labels: Labels
  value: number /** Name and labels as they are written. */
  series: string
}

/** An API serves them on a port of their own, a worker on that of its health. */
export function metricsUrlOf({ lines, url }: Door): string {
  const port = lines().find(({ msg }) => msg === 'metrics are served')?.port
  return port ? `http://127.0.0.1:${port}` : url
}

/** Those of several processes together. Red by `no-metrics` where one has none. */
export async function samplesOf({ apiAt }: Pick<Context, 'apiAt'>, ...doors: Door[]): Promise<Sample[]> {
  const all = await Promise.all(
    doors.map(async (door) => {
      const { status, text } = await apiAt(metricsUrlOf(door)).anonymous('GET', '/metrics')
      return status === 200 ? parse(text) : red('no-metrics', `${status} ${text.slice(0, 200)}`)
    }),
  )
  return all.flat()
}

export const samplesNamed = (samples: readonly Sample[], wanted: string, labels: Labels = {}) =>
  samples.filter(
    ({ name, labels: own }) => name === wanted && Object.entries(labels).every(([key, of]) => own[key] === of),
  )

/** The sum of all that have the name and these labels; 0 where there is none. */
export const sumOf = (samples: readonly Sample[], name: string, labels: Labels = {}): number =>
  samplesNamed(samples, name, labels).reduce((sum, { value }) => sum + value, 0)

/** Answers by how much a sum has grown since. */
export async function growthOf(context: Pick<Context, 'apiAt'>, ...doors: Door[]) {
  const before = await samplesOf(context, ...doors)
  return async (name: string, labels: Labels = {}) =>
    sumOf(await samplesOf(context, ...doors), name, labels) - sumOf(before, name, labels)
}

function parse(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, series, name, labels = '', value] = /^((\w+)(?:\{(.*)\})?) (\S+)$/.exec(line) ?? []
    if (!series || !name) return []
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', of = '']) => [key, of])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value), series }]
  })
}
