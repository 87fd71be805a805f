// OBS-01: what the processes write, line by line, and what their environment changes of it.
import { randomUUID } from 'node:crypto'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

type Line = Record<string, unknown>

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

export async function linesAreJson(context: Context): Promise<Evidence> {
  const { server, workers, env, until } = context
  const speakers = () => [
    ...readLines(server.said(), 'seaworthy-api', env.DEPLOYMENT),
    ...workers.flatMap(({ said }) => readLines(said(), 'seaworthy-worker', env.DEPLOYMENT)),
  ]
  speakers()

  // What a caller sends must neither break a line nor make one.
  const path = `/v1/${randomUUID()}%0A%7B%22level%22:%22fatal%22%7D`
  await context.api.anonymous('GET', path)
  const line = await until('no-line-of-a-request', () => speakers().find((each) => each.path === path), {
    within: 6000,
  })
  if (line.status !== 404 || line.method !== 'GET') red('no-line-of-a-request', JSON.stringify(line))

  await levelAndFormatAreObeyed(context)
  const lines = speakers()
  return {
    lines: lines.length,
    services: [...new Set(lines.map(({ service }) => String(service)))],
    levels: [...new Set(lines.map(({ level }) => String(level)))],
    versions: [...new Set(lines.map(({ version }) => String(version)))],
    asked: ['warn', 'pretty'],
  }
}

/** Every line that a process said. Red when one is not what a line should be. */
function readLines(said: string, service: string, deployment: string | undefined): Line[] {
  const lines = said.split('\n').map((text) => parse(text))
  for (const { level, time, version, msg, ...line } of lines) {
    if (!levels.includes(String(level))) red('level-not-a-name', String(level))
    if (!utc.test(String(time)) || Math.abs(Date.now() - Date.parse(String(time))) > 3_600_000)
      red('time-not-iso-utc', String(time))
    if (line.service !== service) red('service-not-named', `${line.service} is ${service}: ${msg}`)
    if (!/^\d+\.\d+\.\d+/.test(String(version))) red('version-not-named', String(version))
    if (line.deployment !== deployment) red('deployment-not-named', String(line.deployment))
  }
  return lines
}

function parse(text: string): Line {
  try {
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null && !Array.isArray(line)) return line as Line
  } catch {}
  return red('line-not-json', text.slice(0, 200))
}

/** An API that is asked for pretty lines from `warn` on, and says nothing of requests that went well. */
async function levelAndFormatAreObeyed({ start, apiAt, until }: Context): Promise<void> {
  const [port] = await freePorts(1)
  // A list takes longer than this API may take: that is worth an error.
  const settings = { LOG_LEVEL: 'warn', LOG_FORMAT: 'pretty', HANDLER_TIMEOUT_MS: '1', PORT: String(port) }
  const running = start(['src/server.ts'], settings)
  const { anonymous } = apiAt(`http://127.0.0.1:${port}`)
  const live = () => anonymous('GET', '/health/live').catch(() => undefined)
  await until('second-api-does-not-start', async () => (await live())?.status === 200, { within: 30_000 })
  const failed = async () => {
    await anonymous('GET', '/v1/jobs')
    return running.said().includes('request failed')
  }
  await until('errors-are-not-logged', failed)
  const said = running.said()
  if (/"level":|^{/m.test(said)) red('not-pretty-when-asked', said.slice(0, 200))
  if (/request answered|Server listening/.test(said)) red('level-not-obeyed', said.slice(0, 200))
}
