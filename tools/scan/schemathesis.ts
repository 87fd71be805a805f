// Calls every operation of the OpenAPI document with values that fit its schemas and values that don't, signed in.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pythonProgram } from '../python-programs.ts'
import { type Finding, runTool, type Scanner, type Severity } from './scanner.ts'

const version = '4.32.5'
const patience = 900_000
/** They would end the account or the session that makes all the other calls. */
const selfDestructive = ['eraseMe', 'logOut', 'refreshSession', 'endOtherSessions', 'endSession', 'changePassword']
const few = ['listJobs', 'createJob', 'getJob', 'getSlug', 'listOwnApplications', 'getMe']
/** What is always wrong. What the document and the answers disagree on is a matter of the contract, and medium. */
const serious: Record<string, Severity> = {
  'server error': 'high',
  'ignored auth': 'critical',
  'api accepts requests without authentication': 'critical',
  'api accepts invalid authentication': 'critical',
}
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
  'ignored_auth',
]

export const schemathesis: Scanner = {
  name: 'schemathesis',
  version,
  looksAt: 'every operation of the OpenAPI document',
  get: 'install python3 and python3-venv: it is then fetched from PyPI',
  patience,
  find: () => pythonProgram({ name: 'schemathesis', version }),
  async run(program, { folder, quick, site }) {
    const { url, clientToken } = await site()
    const file = (name: string) => join(folder, name)
    const document = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(10_000) })
    await writeFile(file('openapi.json'), await document.text())
    // A command line is there for every user of this machine to read.
    const settings = `headers = { Authorization = "Bearer ${clientToken}" }\n`
    await writeFile(file('schemathesis.toml'), settings, { mode: 0o600 })
    const operations = quick
      ? few.flatMap((id) => ['--include-operation-id', id])
      : selfDestructive.flatMap((id) => ['--exclude-operation-id', id])
    const words = [
      ...['--config-file', file('schemathesis.toml'), 'run', file('openapi.json'), '--url', url],
      ...['--seed', '1', '--max-examples', quick ? '8' : '40', '--phases', 'examples,coverage,fuzzing'],
      ...['--checks', checks.join(), '--continue-on-failure', '--generation-database', 'none'],
      ...['--request-timeout', '15', '--report', 'junit', '--report-junit-path', file('schemathesis.xml')],
    ]
    await runTool(program, [...words, ...operations], { patience, cwd: folder, codes: [0, 1] })
    return { findings: read(await readFile(file('schemathesis.xml'), 'utf8')) }
  },
}

/** JUnit's XML: a case for each operation, and in it what failed. */
function read(xml: string): Finding[] {
  const cases = [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)]
  if (cases.length === 0) throw new Error('it called no operation')
  return cases.flatMap(([, attributes = '', inside = '']) => {
    const where = textOf(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? '')
    const failed = [...inside.matchAll(/<(failure|error)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/\1>)/g)]
    return failed.flatMap(([, kind = '', words = '', body = '']) => {
      const said = textOf(`${/\bmessage="([^"]*)"/.exec(words)?.[1] ?? ''}\n${body}`)
      // "- Server error" opens what is said of each failure.
      const rules = [...new Set([...said.matchAll(/^\s*- (.+)$/gm)].map(([, rule = '']) => rule.trim()))]
      const named = rules.length > 0 ? rules : [kind === 'error' ? 'it could not be tested' : 'failure']
      return named.map((rule) => ({
        rule,
        severity: serious[rule.toLowerCase()] ?? (kind === 'error' ? 'high' : 'medium'),
        what: said.replace(/\s+/g, ' ').trim().slice(0, 600),
        where,
      }))
    })
  })
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", '#10': '\n' }
const textOf = (xml: string) => xml.replace(/&(#?\w+);/g, (all, name: string) => entities[name] ?? all)
