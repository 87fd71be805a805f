// The plans of all statements that the service runs, as PostgreSQL itself writes them down: auto_explain, told to its log as JSON, with
// the pages that each node touched. Statements of the owner and of triggers are not among them.
import type pg from 'pg'

export type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows'?: number
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  'Temp Written Blocks'?: number
  'Sort Space Type'?: string
  'Sort Method'?: string
  Plans?: PlanNode[]
}
/** `ms` is what it took, `text` the statement. */
export type Planned = { text: string; ms: number; plan: PlanNode }

const settings = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_format': 'json',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  // Looking at the clock for each row would cost more than the row.
  'auto_explain.log_timing': 'off',
}

/** `admin` is a superuser's connection to the database. Only connections that `role` makes from now on tell their plans. */
export async function openPlanLog(admin: pg.Client, role: string) {
  const { rows } = await admin.query('SELECT quote_ident(current_database()) AS name')
  const whose = `ALTER ROLE ${role} IN DATABASE ${rows[0]?.name}`
  for (const [name, value] of Object.entries(settings)) await admin.query(`${whose} SET ${name} = '${value}'`)
  let position = await sizeOfLog()

  return { take, close: () => admin.query(`${whose} RESET ALL`) }

  /** What was planned since the last time, in its order. A statement is there before its answer is. */
  async function take(): Promise<Planned[]> {
    const size = await sizeOfLog()
    const { rows } = await admin.query<{ bytes: Buffer }>('SELECT pg_read_binary_file($1, $2, $3) AS bytes', [
      'server.log',
      position,
      size - position,
    ])
    position = size
    return plansIn(rows[0]?.bytes.toString() ?? '')
  }

  async function sizeOfLog(): Promise<number> {
    const { rows } = await admin.query<{ size: number }>("SELECT size::float8 FROM pg_stat_file('server.log')")
    return rows[0]?.size ?? 0
  }
}

/** A message goes on in lines that begin with a tab. */
function plansIn(log: string): Planned[] {
  return [...log.matchAll(/duration: ([\d.]+) ms {2}plan:\n((?:\t.*\n)+)/g)].map(([, ms, json = '']) => {
    const { 'Query Text': text, Plan: plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode }
    return { text, ms: Number(ms), plan }
  })
}
