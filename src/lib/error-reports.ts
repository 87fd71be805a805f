// Reports errors to Sentry, and nothing else: no traces, no breadcrumbs, no patches of other modules. Of an error only what a log line
// may say of it is sent (lib/log-errors.ts), of the caller only the id. Without a DSN nothing is loaded, and nobody called.
import process from 'node:process'
import { tellError } from './log-errors.ts'

/** Facts of the line that told of the error: requestId, userId, operation, code and the like. */
type Facts = Record<string, unknown>
export type ErrorReports = { report(error: unknown, facts: Facts): void; close(): Promise<unknown> }

type Options = { dsn: string | undefined; release: string; deployment: string; service: string }
type Told = { type: string; message: string; stack: string }

/** Milliseconds for one report, and for the last ones. */
const patience = 5000
const lastWords = 2000
/** Reports of a second; more of them say nothing new. */
const most = 20
/** What may be searched by. Anything else of a line stays here. */
const tagged = ['requestId', 'operation', 'code', 'kind', 'eventId', 'schedule']

/** `dsn` is a URL as Sentry gives it. A report that can't be sent is lost: the log has the error in any case. */
export async function openErrorReports({ dsn, release, deployment, service }: Options): Promise<ErrorReports> {
  if (!dsn) return { report: () => {}, close: async () => {} }
  const [{ createStackParser, createTransport, Scope }, { nodeStackLineParser, ServerRuntimeClient }] =
    await Promise.all([import('@sentry/core'), import('@sentry/core/server')])
  const client = new ServerRuntimeClient({
    dsn,
    release,
    environment: deployment,
    serverName: service,
    platform: 'node',
    runtime: { name: 'node', version: process.version },
    integrations: [],
    sendClientReports: false,
    stackParser: createStackParser(nodeStackLineParser()),
    transport: (options) =>
      createTransport(options, async ({ body }) => {
        const answer = await fetch(options.url, {
          method: 'POST',
          body: typeof body === 'string' ? body : new Uint8Array(body),
          signal: AbortSignal.timeout(patience),
        })
        await answer.body?.cancel()
        // Sentry says by these when it wants fewer.
        const headers = {
          'x-sentry-rate-limits': answer.headers.get('x-sentry-rate-limits'),
          'retry-after': answer.headers.get('retry-after'),
        }
        return { statusCode: answer.status, headers }
      }),
  })
  client.init()
  let second = 0
  let sent = 0

  return { report, close: async () => client.close(lastWords) }

  function report(error: unknown, { userId, trace_id, span_id, ...facts }: Facts): void {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, sent] = [now, 0]
    if (++sent > most) return
    const scope = new Scope()
    if (typeof userId === 'string') scope.setUser({ id: userId })
    if (typeof trace_id === 'string' && typeof span_id === 'string') scope.setContext('trace', { trace_id, span_id })
    scope.setTag('service', service)
    for (const name of tagged) {
      const value = facts[name]
      if (typeof value === 'string') scope.setTag(name, value)
    }
    client.captureException(cleaned(error), undefined, scope)
  }
}

/** An error that says what a log line would. */
function cleaned(error: unknown): Error {
  const { type, message = '', stack } = tellError(error) as Partial<Told>
  return Object.assign(new Error(message), { name: type ?? 'Error', stack: stack ?? '' })
}
