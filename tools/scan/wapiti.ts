// Walks what can be reached by links and forms, and tries what pages are attacked by.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onPath } from '../debian-packages.ts'
import { pythonProgram } from '../python-programs.ts'
import { runTool, type Scanner, type Severity } from './scanner.ts'

const version = '3.3.2'
const patience = 420_000
const levels: Record<number, Severity> = { 0: 'info', 1: 'low', 2: 'medium', 3: 'high', 4: 'critical' }
type Hit = { method: string; path: string; info: string; level: number }

export const wapiti: Scanner = {
  ...{ name: 'wapiti', version, looksAt: 'pages and parameters that links lead to', patience },
  get: 'apt-get install wapiti, or python3 (3.12 or later) and python3-venv: it is then fetched from PyPI',
  find: async () => onPath('wapiti') ?? pythonProgram({ name: 'wapiti3', version, program: 'wapiti' }),
  async run(program, { folder, site }) {
    const { url, word } = await site()
    const report = join(folder, 'wapiti.json')
    const bounds = ['--max-scan-time', '240', '--max-links-per-page', '50', '--scope', 'folder', '--no-bugreport']
    const output = [
      '--format',
      'json',
      '--output',
      report,
      '--store-session',
      join(folder, 'wapiti'),
      '--flush-session',
    ]
    const start = ['--url', `${url}/`, '--start', `${url}/v1/jobs?q=${word}`, '--start', `${url}/docs`]
    await runTool(program, [...start, ...bounds, ...output], { patience, cwd: folder })
    const { vulnerabilities } = JSON.parse(await readFile(report, 'utf8')) as { vulnerabilities: Record<string, Hit[]> }
    return Object.entries(vulnerabilities).flatMap(([rule, hits]) =>
      hits.map(({ method, path, info, level }) => ({
        ...{ rule, severity: levels[level] ?? 'high', what: info, where: `${method} ${path.split('?')[0]}` },
      })),
    )
  },
}
