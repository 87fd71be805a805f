// The scanners of the edge: its TLS, and how it stands callers that send or read as slowly as they can.
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { cleanEnvironment, folderOf, onPath, unpackPackages } from '../debian-packages.ts'
import { type Finding, runTool, type Scanner, severityOf } from './scanner.ts'

const patience = 600_000

async function findPackaged(name: string, names: string[], program: string, version: string): Promise<string> {
  const installed = onPath(name)
  if (installed) return installed
  const folder = folderOf(name)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  if (!existsSync(folder)) await unpackPackages({ names, folder, program, version, say })
  return join(folder, program)
}

/** The folder that a package was unpacked into. */
const unpackedOf = (program: string) => /^(.*\/\.local\/.*?)\/usr\/bin\//.exec(program)?.[1]

export const testssl: Scanner = {
  ...{
    name: 'testssl',
    version: 'of Debian',
    looksAt: 'the TLS of the edge',
    get: 'apt-get install testssl.sh',
    patience,
  },
  find: () => findPackaged('testssl', ['testssl.sh', 'bsdextrautils'], 'usr/bin/testssl', '--help'),
  async run(program, { folder, edge }) {
    const { url, ca } = await edge()
    const unpacked = unpackedOf(program)
    const [report, authority] = [join(folder, 'testssl.json'), join(folder, 'edge-ca.pem')]
    await writeFile(authority, ca)
    const { host, hostname } = new URL(url)
    const words = ['--quiet', '--color', '0', '--warnings', 'batch', '--ip', hostname, '--nodns', 'none']
    const parts = [
      '--protocols',
      '--std',
      '--server-preference',
      '--fs',
      '--headers',
      '--vulnerable',
      '--server-defaults',
    ]
    const env = {
      ...cleanEnvironment(unpacked),
      PATH: `${unpacked ? `${unpacked}/usr/bin:` : ''}${process.env.PATH}`,
      ...(unpacked && { TESTSSL_INSTALL_DIR: join(unpacked, 'etc/testssl') }),
    }
    const args = [program, ...words, ...parts, '--add-ca', authority, '--jsonfile', report, host]
    // Its code counts what it found.
    await runTool('bash', args, { patience, cwd: folder, env, codes: Array.from({ length: 200 }, (_, code) => code) })
    return readTestssl(await readFile(report, 'utf8'))
  },
}

const words = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  warn: 'low',
  info: 'info',
  ok: 'info',
} as const

function readTestssl(json: string): Finding[] {
  const lines = JSON.parse(json) as { id: string; severity: string; finding: string; ip: string }[]
  if (!lines.some(({ id }) => id === 'TLS1_3')) throw new Error('it asked for no protocol')
  const fatal = lines.find(({ severity }) => severity === 'FATAL')
  if (fatal) throw new Error(fatal.finding)
  // Of the certificate that this machine made for itself nobody but this machine has to think anything.
  return lines
    .filter(({ id, severity }) => !id.startsWith('cert') && !['INFO', 'OK'].includes(severity))
    .map(({ id, severity, finding }) => ({
      ...{ rule: id, severity: severityOf(severity, words), what: finding, where: 'the edge' },
    }))
}

/** Header, body and reading: each is how a few connections once held a server for hours. */
const attacks = {
  headers: ['-H'],
  bodies: ['-B', '-s', '8192'],
  reading: ['-X', '-k', '3', '-n', '5', '-w', '10', '-y', '20', '-z', '32'],
}
const seconds = 40

export const slowhttptest: Scanner = {
  ...{ name: 'slowhttptest', version: 'of Debian', looksAt: 'slow callers at the edge', patience: 180_000 },
  get: 'apt-get install slowhttptest',
  find: () => findPackaged('slowhttptest', ['slowhttptest'], 'usr/bin/slowhttptest', '-h'),
  async run(program, { folder, quick, edge }) {
    const { url } = await edge()
    const findings: Finding[] = []
    for (const [name, how] of Object.entries(attacks).slice(0, quick ? 1 : 3)) {
      const out = join(folder, `slow-${name}`)
      const load = ['-c', '300', '-r', '100', '-i', '5', '-x', '24', '-p', '5', '-l', String(seconds)]
      const at = ['-u', `${url}/v1/jobs`, '-g', '-o', out]
      const env = cleanEnvironment(unpackedOf(program))
      await runTool(program, [...how, ...load, ...at], { patience: 90_000, cwd: folder, env, codes: [0, 1] })
      findings.push(...readSlow(await readFile(`${out}.csv`, 'utf8'), name))
    }
    return findings
  },
}

/** A line a second: what is closed, pending and connected, and whether another caller was answered. */
function readSlow(csv: string, name: string): Finding[] {
  const [head = '', ...rows] = csv.trim().split('\n')
  const column = (of: string) => head.split(',').findIndex((cell) => cell.trim() === of)
  const at = column('Service Available')
  if (at < 0 || rows.length < 3) throw new Error(`it wrote no lines of ${name}`)
  const refused = rows.filter((row) => Number(row.split(',')[at]) === 0).length
  if (refused === 0) return []
  const what = `others were not answered in ${refused} of ${rows.length} seconds`
  return [{ rule: `slow-${name}`, severity: refused > 5 ? 'high' : 'low', what, where: 'the edge' }]
}
