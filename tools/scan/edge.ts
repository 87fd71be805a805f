// The scanners of the edge: its TLS, and how it stands callers that send or read as slowly as they can.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cleanEnvironment } from '../debian-packages.ts'
import { findTestssl, gradeTls, type TlsFinding } from '../testssl.ts'
import { findPackaged, unpackedOf } from './packaged.ts'
import { type Finding, runTool, type Scanner, type Seen, type Severity, severityOf } from './scanner.ts'

/** A grade takes minutes. */
const protocolsAndCiphers = ['-p', '-s']

export const testssl: Scanner = {
  ...{ name: 'testssl', version: 'of Debian', looksAt: 'the TLS of the edge', patience: 600_000 },
  get: 'apt-get install testssl.sh openssl bsdextrautils: 3.2 or later, an older one is left alone',
  find: async () => (await findTestssl()).program,
  async run(_, { folder, quick, edge }) {
    const { port, ca } = await edge()
    const authorities = join(folder, 'edge-ca.pem')
    await writeFile(authorities, ca)
    const looks = quick ? { looks: protocolsAndCiphers } : {}
    return readTestssl(await gradeTls({ port, host: 'localhost', authorities, folder, ...looks }))
  },
}

const words = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  warn: 'low',
} as const

function readTestssl(lines: TlsFinding[]): Seen {
  if (!lines.some(({ id }) => id === 'TLS1_3')) throw new Error('it asked for no protocol')
  const said = (name: string) => lines.find(({ id }) => id === name)?.finding ?? ''
  if (!said('cipherlist_NULL')) throw new Error('it asked for no cipher')
  const grade = said('overall_grade')
  const findings: Finding[] = lines
    // What it says of this machine's OpenSSL, and of the certificate that was made for the scan, says nothing of the edge.
    .filter(({ id, severity }) => !/^(cert|engine_problem)/.test(id) && !['INFO', 'OK'].includes(severity))
    .map(({ id, severity, finding }) => ({
      ...{ rule: id, severity: severityOf(severity, words), what: finding, where: 'the edge' },
    }))
  // Items that cost the grade can be rated low, each by itself.
  if (grade && !/^A[+-]?$/.test(grade))
    findings.push({ rule: 'grade', severity: 'high', what: `it grades ${grade}`, where: 'the edge' })
  return {
    findings,
    saw: grade ? `grade ${grade}, ${said('final_score')} of 100` : 'protocols and ciphers, without a grade',
  }
}

/** Header, body and reading: each is how a few connections once held a server for hours. */
const attacks = {
  headers: ['-H'],
  bodies: ['-B', '-s', '8192'],
  reading: ['-X', '-k', '3', '-n', '5', '-w', '10', '-y', '20', '-z', '32'],
}
const connections = 300

export const slowhttptest: Scanner = {
  ...{ name: 'slowhttptest', version: 'of Debian', looksAt: 'slow callers at the edge', patience: 180_000 },
  get: 'apt-get install slowhttptest',
  // It knows no way to be asked that ends with 0.
  find: () => findPackaged('slowhttptest', ['slowhttptest'], { version: '-h', says: /version \d/ }),
  async run(program, { folder, quick, edge }) {
    const { url } = await edge()
    const findings: Finding[] = []
    const saw: string[] = []
    for (const [name, how] of Object.entries(attacks).slice(0, quick ? 1 : 3)) {
      const out = join(folder, `slow-${name}`)
      const load = ['-c', `${connections}`, '-r', '100', '-i', '5', '-x', '24', '-p', '5', '-l', quick ? '20' : '40']
      const at = ['-u', `${url}/v1/jobs`, '-g', '-o', out]
      const env = cleanEnvironment(unpackedOf(program))
      const options = { patience: 90_000, cwd: folder, env, codes: [0, 1] }
      const { stdout } = await runTool(program, [...how, ...load, ...at], options)
      const seen = readSlow(await readFile(`${out}.csv`, 'utf8'), name, /No open connections left/.test(stdout))
      findings.push(...seen.findings)
      saw.push(seen.saw)
    }
    return { findings, saw: saw.join('; ') }
  },
}

/**
 * A line a second: what is closed, pending and connected, and whether another caller was answered; `closed` when all were in the end.
 * Headers have to be whole within a time, so that none may be left; bodies and readers that go on may stay while others are served.
 */
function readSlow(csv: string, name: string, closed: boolean): Seen & { saw: string } {
  const [head = '', ...lines] = csv.trim().split('\n')
  const names = head.split(',').map((cell) => cell.trim())
  const rows = lines.map((line) => line.split(',').map(Number))
  const column = (of: string) => rows.map((row) => row[names.indexOf(of)] ?? Number.NaN)
  const [connected, answered] = [column('Connected'), column('Service Available')]
  const [most, end] = [Math.max(...connected), column('Seconds').at(-1)]
  const left = closed ? 0 : (connected.at(-1) ?? 0)
  if (!(rows.length > 3 && most > connections / 10)) throw new Error(`it held no connections open, of ${name}`)
  if (answered.some(Number.isNaN)) throw new Error(`it did not say whether others were answered, of ${name}`)

  const findings: Finding[] = []
  const found = (rule: string, severity: Severity, what: string) =>
    findings.push({ rule, severity, what, where: 'the edge' })
  const refused = answered.filter((one) => one === 0).length
  if (refused > 0)
    found(`slow-${name}`, refused > 5 ? 'high' : 'low', `others had no answer for ${refused} of ${end} s`)
  const state = `${name}: ${left} of ${most} connections left after ${end} s, others had no answer for ${refused} s`
  // On a busy machine the last ones may have been opened late.
  if (name === 'headers' && left > connections / 2)
    found('slow-headers-held', 'high', `${left} of ${most} are held after ${end} s`)
  return { findings, saw: state }
}
