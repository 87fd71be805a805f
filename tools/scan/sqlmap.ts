// Tries to inject SQL through what people may write: words to search for, filters, slugs and bodies.
import { join } from 'node:path'
import { pythonProgram } from '../python-programs.ts'
import { type Finding, type Ground, runTool, type Scanner, type Site } from './scanner.ts'

const version = '1.10.10'
const patience = 600_000

type Attempt = { where: string; url: string; parameter: string; body?: object; token?: string }

export const sqlmap: Scanner = {
  name: 'sqlmap',
  version,
  looksAt: 'parameters and bodies that reach SQL',
  get: 'install python3 and python3-venv: it is then fetched from PyPI',
  patience,
  find: () => pythonProgram({ name: 'sqlmap', version }),
  async run(program, ground) {
    const site = await ground.site()
    const attempts = attemptsOn(site)
    const findings: Finding[] = []
    for (const attempt of ground.quick ? attempts.slice(0, 2) : attempts)
      findings.push(...(await tryOne(program, attempt, ground)))
    return { findings }
  },
}

function attemptsOn({ url, word, clientToken, workerToken }: Site): Attempt[] {
  const budget = { amount: 1000, currency: 'EUR' }
  const job = { title: 'Job*', description: 'Something', category: 'other', budget }
  return [
    { where: 'GET /v1/jobs?q', url: `${url}/v1/jobs?q=${word}`, parameter: 'q' },
    { where: 'GET /v1/slugs/{slug}', url: `${url}/v1/slugs/${word}*`, parameter: '#1*' },
    { where: 'GET /v1/jobs?skill', url: `${url}/v1/jobs?skill=sql`, parameter: 'skill' },
    { where: 'GET /v1/jobs?cursor', url: `${url}/v1/jobs?cursor=abc`, parameter: 'cursor' },
    { where: 'GET /v1/jobs?sort', url: `${url}/v1/jobs?sort=newest`, parameter: 'sort' },
    { where: 'POST /v1/jobs', url: `${url}/v1/jobs`, parameter: '#1*', body: job, token: clientToken },
    {
      ...{ where: 'GET /v1/me/applications?cursor', url: `${url}/v1/me/applications?cursor=abc` },
      ...{ parameter: 'cursor', token: workerToken },
    },
  ]
}

async function tryOne(program: string, attempt: Attempt, { folder, quick }: Ground): Promise<Finding[]> {
  const { where, url, parameter, body, token } = attempt
  const headers = [
    ...(token ? [`Authorization: Bearer ${token}`] : []),
    ...(body ? ['Content-Type: application/json'] : []),
  ]
  const words = [
    ...['--url', url, '--batch', '--disable-coloring', '--output-dir', join(folder, 'sqlmap'), '--flush-session'],
    ...['--dbms', 'PostgreSQL', '--technique', quick ? 'B' : 'BEUT', '--level', '2', '--risk', '1', '--time-sec', '2'],
    // A refused value is an answer, not the end of the attempt.
    ...['--ignore-code', '*', '--timeout', '15', '--retries', '1'],
    ...(parameter.endsWith('*') ? [] : ['-p', parameter]),
    ...(body ? ['--method', 'POST', '--data', JSON.stringify(body)] : []),
    ...(headers.length > 0 ? ['--headers', headers.join('\n')] : []),
  ]
  const { stdout } = await runTool(program, words, { patience, cwd: folder })
  return read(stdout, where)
}

/** Its log is what it says to machines too. Neither "injectable" nor "not injectable": it did not get to the end. */
function read(said: string, where: string): Finding[] {
  const types = [...said.matchAll(/^ {4}Title: (.+)$/gm)].map(([, title = '']) => title)
  if (/identified the following injection point/.test(said) || types.length > 0)
    return [{ rule: 'sql-injection', severity: 'critical', what: [...new Set(types)].join('; ').slice(0, 300), where }]
  if (!/do(?:es)? not (?:appear|seem) to be injectable/.test(said))
    throw new Error(`it came to no end at ${where}: ${said.trim().slice(-500)}`)
  return []
}
