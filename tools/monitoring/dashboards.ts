// The dashboards, and their JSON as Grafana reads it (monitoring/dashboards/). A test asks every query of a live Prometheus.
import { api } from './boards/api.ts'
import { backups } from './boards/backups.ts'
import type { Board } from './boards/board.ts'
import { business } from './boards/business.ts'
import { overview } from './boards/overview.ts'
import { queues } from './boards/queues.ts'
import { stores } from './boards/stores.ts'

export const dashboards: Board[] = [overview, api, queues, stores, business, backups]

const datasource = { type: 'prometheus', uid: 'prometheus' }
/** Of 24 columns. */
const [width, height] = [8, 8]

/** As Grafana provisions it. */
export function renderDashboard({ uid, title, rows }: Board): string {
  let id = 0
  let y = 0
  const panels = rows.flatMap((row) => {
    const top = {
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
      panels: [],
    }
    const made = row.panels.map((panel, at) => ({
      id: ++id,
      type: panel.kind ?? 'timeseries',
      title: panel.title,
      ...(panel.needs && { description: `Needs the ${panel.needs}.` }),
      datasource,
      gridPos: { x: (at % 3) * width, y: y + Math.floor(at / 3) * height, w: width, h: height },
      fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
      options:
        panel.kind === 'stat' ? { reduceOptions: { calcs: ['lastNotNull'] } } : { legend: { displayMode: 'list' } },
      targets: panel.lines.map(([legendFormat, expr], line) => ({
        refId: String.fromCharCode(65 + line),
        datasource,
        expr,
        legendFormat,
      })),
    }))
    y += Math.ceil(row.panels.length / 3) * height
    return [top, ...made]
  })
  const board = {
    uid: `seaworthy-${uid}`,
    title: `Seaworthy: ${title}`,
    tags: ['seaworthy'],
    timezone: 'utc',
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    schemaVersion: 39,
    panels,
  }
  return `${JSON.stringify(board, null, 2)}\n`
}
