// Every command that a document prints in a fence is run: here, by the test of its document, or by what is named below. One that nobody
// runs says on which kind of machine it would: the word after `sh`.
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readOptions } from '../readiness/runner/options.ts'
import { demoPassword } from '../tools/demo-data.ts'
import { type Block, blocksOf, commandsOf, documentsWithCommands } from '../tools/documents.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { start } from './process.ts'

/** Where commands run that no test here can run, and why. */
const machines: Record<string, string> = {
  docker: 'a machine with Docker: scripts/containers and the probes of the tier docker start these stacks',
  debian: 'a new Debian machine, as root: it would change this one',
  production: 'what is deployed, with its secrets',
  fly: 'an account at Fly.io, which costs money',
  github: 'a repository at GitHub, with its secrets',
  jq: 'a machine with jq and OpenSSL 3',
  bench: 'a machine that does nothing else meanwhile, for ten minutes or more',
}

/** Documents, or a heading of one, whose blocks a test extracts and runs in their order. */
const walks: Record<string, string> = {
  'README.md#A first call': 'test/start.test.ts',
  'docs/authentication.md': 'test/authentication.test.ts',
  'docs/money.md': 'test/money-document.test.ts',
  'docs/rate-limits.md': 'test/commands.test.ts',
  'docs/degraded-modes.md#Where they show': 'test/commands.test.ts',
  'docs/degraded-modes.md#The switches': 'test/commands.test.ts',
  'docs/audit.md': 'test/commands.test.ts',
  'docs/flags.md': 'test/commands.test.ts',
  'docs/uploads.md#Upload, read, delete': 'test/commands.test.ts',
  'docs/operations.md': 'test/commands.test.ts',
}

/** Of the others each command by itself, and what runs that program. */
const elsewhere: Record<string, string> = {
  'npm ci && npm start': 'test/start.test.ts',
  'npm ci && npm test': '.ci/run',
  'npm test': '.ci/run',
  'npm run check': '.ci/run',
  'npm run format': 'not run: it would change the files that are tested',
  'npm run test:browser': '.ci/run',
  'npm run test:uploads': 'src/modules/uploads/uploads.s3.test.ts',
  'npm run demo': 'test/start.test.ts',
  'npm run drill:alerts': 'readiness/probes/observability-alerts.ts',
  'npm run drill:alerts -- --only DeadLetters,OutboxStuck': 'readiness/probes/observability-alerts.ts',
  'npm run drill:alerts -- --json drill.json': 'readiness/probes/observability-alerts.ts',
  'npm run load -- load --keep':
    'not run: it takes minutes of a machine that does nothing else; PER-06 plays it shortly',
  'npm run load -- breakpoint --keep': 'not run: the same; PER-10 plays it against a service that is none',
  'npm run capacity': 'readiness/probes/performance-scenarios.ts',
  'npm run scan': 'not run: it attacks for many minutes, with programs that are fetched; OPS-16 runs its quick form',
  'npm run scan -- --only zizmor,hadolint': 'tools/scan.test.ts',
  'npm run scan -- --quick': 'readiness/probes/operations-scan.ts',
  'npm run scan -- --target http://127.0.0.1:8080': 'readiness/probes/operations-scan.ts',
  'npm run scan -- --list': 'tools/scan.test.ts',
  'npm run keys -- rotate /run/secrets/token-signing-key': 'src/secrets.test.ts',
  'npm run keys -- list /run/secrets/token-signing-key': 'src/secrets.test.ts',
  'npm run keys -- retire /run/secrets/token-signing-key': 'src/secrets.test.ts',
  'npm run keys -- rotate-encryption /run/secrets/encryption-keys': 'src/secrets.test.ts',
  'npm run keys -- retire-encryption /run/secrets/encryption-keys OLD-NAME': 'src/secrets.test.ts',
  'npm run reseal': 'src/secrets.test.ts',
  'npm run link-identity -- SUBJECT ada@example.com': 'src/modules/identity/external-identities.test.ts',
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
const blocks = documentsWithCommands('.').flatMap((document) => blocksOf('.', document))
const isWalked = ({ document, heading }: Block) => document in walks || `${document}#${heading}` in walks
/** Its command line is read by the runner's own reader below; test/readiness.test.ts runs the runner. */
const isReadiness = (command: string) => /^npm run readiness( |$)/.test(command)
const others = blocks.filter((block) => !block.machine && !isWalked(block)).flatMap(commandsOf)

describe('every command of a document', () => {
  test('is run, or says on which machine it would be', () => {
    expect(blocks.length).toBeGreaterThan(30)
    const unknown = blocks.filter(({ machine }) => machine && !(machine in machines))
    expect(unknown.map(({ document, machine }) => `${document}: ${machine}`)).toEqual([])
    expect(others.filter((command) => !(command in elsewhere) && !isReadiness(command))).toEqual([])
  })

  test('that is listed here still stands in a document', () => {
    expect(Object.keys(elsewhere).filter((command) => !others.includes(command))).toEqual([])
    const gone = Object.keys(walks).filter(
      (walk) => !blocks.some(({ document, heading }) => [document, `${document}#${heading}`].includes(walk)),
    )
    expect(gone).toEqual([])
  })

  test('is run by what names its program', () => {
    for (const [command, by] of Object.entries(elsewhere)) {
      if (by.startsWith('not run: ')) continue
      const last = command.split(' && ').at(-1) ?? ''
      const [, , name = ''] = /^npm (run )?([a-z:-]+)/.exec(last) ?? []
      const program = /\S+\.ts/.exec(scripts[name] ?? '')?.[0]
      const text = readFileSync(by, 'utf8')
      const typed = new RegExp(`npm (run )?(--silent )?${name}\\b`)
      const named = typed.test(text) || (program !== undefined && text.includes(program))
      expect([command, name in scripts, by, named]).toEqual([command, true, by, true])
    }
    for (const [walk, by] of Object.entries(walks)) {
      const [document = ''] = walk.split('#')
      expect([walk, existsSync(by) && readFileSync(by, 'utf8').includes(document)]).toEqual([walk, true])
    }
  })

  test('of the readiness runner is one that it takes', () => {
    const runs = blocks.flatMap(commandsOf).filter(isReadiness)
    expect(runs.length).toBeGreaterThan(8)
    for (const run of runs) {
      const words = run
        .split(/\s+/)
        .slice(3)
        .filter((word) => word !== '--')
      expect(() => readOptions(words, '.'), run).not.toThrow()
    }
  })

  test('stands in a fence, where it is seen', () => {
    for (const document of documentsWithCommands('.')) {
      const prose = readFileSync(document, 'utf8').replace(/^( *)```.*?^ *```$/gms, '')
      expect([document, /^(?: {4}|\t)(npm|node|curl|docker|fly|\.\/scripts)\b/m.exec(prose)?.[0]]).toEqual([
        document,
        undefined,
      ])
    }
  })
})

/** A folder that has the project's files, where commands may leave something behind. */
function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-commands-'))
  chmodSync(folder, 0o755)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of readdirSync('.').filter((entry) => !['.local', '.env', 'coverage'].includes(entry)))
    symlinkSync(resolve(name), join(folder, name))
  return folder
}

describe('on a running service', () => {
  test('the commands of limits, degraded modes, the audit trail and the operator say what they are for', async () => {
    const { appUrl, ownerUrl } = await createTestDatabase()
    const cwd = projectFolder()
    const { SMTP_URL, PAYMENTS_URL, ...rest } = environment(appUrl)
    const env = {
      ...rest,
      LIMIT_AUTH: '5/60s',
      LIMIT_PUBLIC: '100/60s',
      LOG_FORMAT: 'json',
      DATABASE_OWNER_URL: ownerUrl,
    }
    const running = await start(['tools/start.ts', '--data', cwd], { env })
    const [url = ''] = await running.until(/(?<=Home page +)http:\/\/[\d.:]+/)
    const metrics = running.lines().find(({ msg }) => msg === 'metrics are served')?.port

    const signIn = { email: 'admin@example.com', password: demoPassword }
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/v1/auth/login`, { method: 'POST', headers, body: JSON.stringify(signIn) })
    const { accessToken } = (await answer.json()) as { accessToken: string }

    const shell = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...env,
      SMTP_URL,
      PAYMENTS_URL,
      URL: url,
      TOKEN: accessToken,
    }
    const walk = async (name: string) => {
      const [document = '', heading] = name.split('#')
      const own = blocksOf('.', document).filter((block) => !block.machine && (!heading || block.heading === heading))
      const text = own.map((block) => block.text).join('\n')
      const told = text.replaceAll('http://127.0.0.1:8080', url).replaceAll(':9091', `:${metrics}`)
      const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', told], {
        cwd,
        env: shell,
        timeout: 60_000,
      })
      return stdout
    }

    expect(await walk('docs/degraded-modes.md#Where they show')).toMatch(
      /HTTP\/1.1 200 OK[\s\S]*cache-status[\s\S]*"status":"ready"[\s\S]*seaworthy_degraded_mode\{mode="read-only"\} 0/i,
    )
    expect(await walk('docs/degraded-modes.md#The switches')).toMatch(/"read-only"[\s\S]*Moving the database/)
    expect(await walk('docs/audit.md')).toMatch(/"findings":\[\][\s\S]*user.registered[\s\S]*The audit trail is sound/)
    expect(existsSync(join(cwd, 'checkpoint.json'))).toBe(true)
    expect(await walk('docs/flags.md')).toMatch(/"percent":100[\s\S]*"percent":25/)
    expect(await walk('docs/uploads.md#Upload, read, delete')).toMatch(
      /"mediaType":"application\/pdf"[\s\S]*attachment; filename[\s\S]*%PDF-1.4[\s\S]*204/,
    )
    expect(await walk('docs/operations.md')).toMatch(/"status":"ready"[\s\S]*"breakers"|"data"/)
    const limited = await walk('docs/rate-limits.md')
    expect(limited).toMatch(/ratelimit-policy: "public";q=100;w=60/)
    expect(limited).toMatch(/HTTP\/1.1 429 [\s\S]*retry-after: \d+[\s\S]*problem\+json/)
    running.child.kill('SIGTERM')
    await running.ended
  }, 120_000)
})
