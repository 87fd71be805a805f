// Walks what can be reached by links and forms, and tries what pages are attacked by.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cleanEnvironment } from '../debian-packages.ts'
import { findPackaged, unpackedOf } from './packaged.ts'
import { runTool, type Scanner, type Severity } from './scanner.ts'

const patience = 420_000
const levels: Record<number, Severity> = { 0: 'info', 1: 'low', 2: 'medium', 3: 'high', 4: 'critical' }
type Hits = Record<string, { method: string; path: string; info: string; level: number }[]>
// Without those that have the service call a server of wapiti's makers (ssrf, xxe), or fetch lists from elsewhere.
const few = ['cookieflags', 'csp', 'exec', 'file', 'http_headers', 'redirect', 'sql', 'xss']
const more = ['backup', 'blindsql', 'crlf', 'htaccess', 'methods', 'permanentxss', 'shellshock']

export const wapiti: Scanner = {
  ...{ name: 'wapiti', version: 'of Debian', looksAt: 'pages and parameters that links lead to', patience },
  get: 'apt-get install wapiti',
  // One of its libraries has a link to the list of suffixes, which leads there only where both are unpacked.
  find: () => findPackaged('wapiti', ['wapiti', 'publicsuffix'], { environment: environmentIn }),
  async run(program, { folder, quick, site }) {
    const { url, word } = await site()
    const report = join(folder, 'wapiti.json')
    const bounds = ['--max-links-per-page', '50', '--scope', 'folder', '--no-bugreport', '--flush-session']
    const modules = ['--module', [...few, ...(quick ? [] : more)].join()]
    const output = ['--format', 'json', '--output', report, '--store-session', join(folder, 'wapiti')]
    const pages = [
      'docs',
      `v1/jobs?q=${word}`,
      'v1/jobs?skill=sql',
      'v1/jobs?sort=newest&limit=5',
      'v1/jobs?cursor=abc',
    ]
    const start = ['--url', `${url}/`, ...pages.flatMap((page) => ['--start', `${url}/${page}`])]
    const env = environmentIn(unpackedOf(program))
    const words = [...start, ...bounds, ...modules, ...output]
    const { stdout } = await runTool(program, words, { patience, cwd: folder, env })
    const walked = Number(/Wapiti found (\d+) URLs/.exec(stdout)?.[1] ?? 0)
    if (walked === 0) throw new Error(`it found no page: ${stdout.slice(-500)}`)
    const { vulnerabilities, anomalies } = JSON.parse(await readFile(report, 'utf8')) as Record<string, Hits>
    const findings = Object.entries({ ...vulnerabilities, ...anomalies }).flatMap(([rule, hits]) =>
      hits.map(({ method, path, info, level }) => ({
        // Of headers each is a matter of its own.
        rule: rule === 'HTTP Secure Headers' ? info : rule,
        ...{ severity: levels[level] ?? 'high', what: info, where: `${method} ${path.split('?')[0]}` },
      })),
    )
    return { findings, saw: `${walked} pages and forms` }
  },
}

/** Debian's Python looks for modules where its packages are installed, and here they are unpacked. */
const environmentIn = (unpacked?: string): NodeJS.ProcessEnv => ({
  ...cleanEnvironment(unpacked),
  ...(unpacked && { PYTHONPATH: join(unpacked, 'usr/lib/python3/dist-packages') }),
})
