// A result as people read it: rows for the terminal, and the same on a page.
import { textTable } from '../text-table.ts'
import { type Result, spanOf } from './result.ts'

type Table = { title: string; rows: string[][] }

const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`
const percent = (share: number) => `${(share * 100).toFixed(share < 0.01 ? 3 : 1)} %`
const number = (value: number | undefined) => (value === undefined ? '–' : String(value))

export function tablesOf(result: Result): Table[] {
  const { figures, thresholds, agreements, parts } = result
  const perUser = 'end' in result ? '–' : (figures.perSecond / result.averageUsers).toFixed(2)
  return [
    {
      title: `${result.scenario}: ${result.users} people at the most, ${result.averageUsers} on average, ${result.seconds} s`,
      rows: [
        ['requests', 'a second', 'of each person', 'p50', 'p95', 'p99', 'failed', 'lost', 'refused', 'checks'],
        [
          ...[number(figures.requests), figures.perSecond.toFixed(1), perUser],
          ...[ms(figures.p50), ms(figures.p95), ms(figures.p99)],
          ...[percent(figures.failed), percent(figures.lost), number(figures.refused), percent(figures.checks)],
        ],
      ],
    },
    {
      title: 'Thresholds',
      rows: [
        ['metric', 'has to be', ''],
        ...thresholds.map(({ metric, rule, met }) => [metric, rule, met ? 'met' : 'MISSED']),
      ],
    },
    ...(result.compared
      ? [
          {
            title: 'The database, and what was answered',
            rows: [
              ['made', 'answered', 'in the database', ''],
              ...agreements.map((one) => [one.name, spanOf(one), number(one.found), one.agrees ? 'agrees' : 'DIFFERS']),
            ],
          },
        ]
      : []),
    ...(parts
      ? [
          {
            title: 'What it took',
            rows: [
              ['', 'api', 'worker', 'postgres', 'redis'],
              rowOf('CPU, ms a request', parts.cpuMsPerRequest),
              rowOf('cores at the most', parts.mostCores),
            ],
          },
        ]
      : []),
  ]
}

type Parts = NonNullable<Result['parts']>['cpuMsPerRequest']

const rowOf = (name: string, { api, worker, postgres, redis }: Parts) => [
  name,
  ...[api, worker, postgres, redis].map(number),
]

/** What the tables do not say. */
export function remarksOf(result: Result): string[] {
  const { parts, disturbed } = result
  return [
    ...(result.compared ? [] : ['No database was held against the answers: --database names that of a --url.']),
    ...(parts
      ? [
          `At the most ${parts.mostWaitingForPool} waited for a connection, and the event loop was ${ms(parts.mostLoopDelayMs)} late (p99).`,
        ]
      : []),
    ...('end' in result && result.end ? [endText(result.end)] : []),
    ...(disturbed ? [`${disturbed.length} faults meanwhile: ${disturbed.join('; ')}.`] : []),
  ]
}

function endText({ perSecond, askedPerSecond, cores, waitingForPool, next }: NonNullable<Result['end']>): string {
  if (perSecond === undefined) return 'There was no moment at which it kept up.'
  const busy = Object.entries(cores).map(([part, value]) => `${part} ${value}`)
  const then = next
    ? `then p95 was ${ms(next.p95)} at ${next.perSecond}/s, with ${next.shedPerSecond}/s refused`
    : `of ${askedPerSecond}/s that were asked for at the most`
  return `It kept up with ${perSecond} requests a second (cores: ${busy.join(', ') || 'not known'}; ${waitingForPool} waited for a connection); ${then}.`
}

export const textOf = (result: Result) =>
  [...tablesOf(result).map(({ title, rows }) => `${title}\n${textTable(rows)}`), ...remarksOf(result)].join('\n\n')
