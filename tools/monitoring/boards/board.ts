// What the dashboards are written in: their form, and the words of PromQL that most of them say.
type Panel = {
  title: string
  /** As Grafana names units: s, bytes, percentunit, reqps, short. */
  unit: string
  kind?: 'timeseries' | 'stat'
  /** An exporter that only the observability profile has: the panel says so, and OBS-17 leaves it out. */
  needs?: 'postgres-exporter'
  /** What each line is called, with labels in double braces, and what it is. */
  lines: [legend: string, query: string][]
}
export type Board = { uid: string; title: string; rows: { title: string; panels: Panel[] }[] }

export const per = '[$__rate_interval]'
export const requests = 'seaworthy_http_request_duration_seconds'
export const quantile = (share: number, histogram: string, by: string) =>
  `histogram_quantile(${share}, sum by (le${by && `, ${by}`}) (rate(${histogram}_bucket${per})))`
export const rate = (counter: string, by = '') => `sum${by && ` by (${by})`} (rate(${counter}${per}))`
