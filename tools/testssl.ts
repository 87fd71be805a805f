// testssl.sh, which grades TLS as SSL Labs does: the system's where it grades (3.2 and later), else that of a newer Debian, unpacked once.
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { folderOf, hasPackages, onPath, runProgram } from './debian-packages.ts'

export type TlsFinding = { id: string; severity: string; finding: string }
type Wanted = { port: number; host: string; authorities: string; folder: string; looks?: readonly string[] }

/** What it takes to grade, and nothing else. */
const all = ['-p', '-s', '-f', '-S', '-h', '-H', '-I', '-T', '--BB', '-R', '-C', '-O', '-Z', '-D', '-A', '-4', '-J']
const release = 'trixie'

/** Every finding about a server on this machine; there is no grade where it does not take all looks. Rejects with what to install. */
export async function gradeTls({ port, host, authorities, folder, looks = all }: Wanted): Promise<TlsFinding[]> {
  const { program, env } = await findTestssl()
  // It wants a program for DNS, and has no use for one here, where it is told the address.
  const names = join(folder, 'names')
  mkdirSync(names)
  symlinkSync('/bin/false', join(names, 'dig'))
  const PATH = `${process.env.PATH}:${names}`
  const file = join(folder, 'testssl.json')
  const quiet = ['--quiet', '--color', '0', '--warnings', 'off', '--overwrite', '--jsonfile', file]
  const where = ['--ip', '127.0.0.1', '-n', 'none', '--add-ca', authorities, `https://${host}:${port}/`]
  // Its exit code counts findings.
  const ran = await runProgram([program, ...looks, ...quiet, ...where], 600_000, {
    ...process.env,
    ...env,
    PATH,
  }).catch((error: Error & { stdout?: string }) => error)
  if (!existsSync(file)) throw new Error(`testssl.sh said nothing: ${ran.stdout}`)
  const findings = JSON.parse(readFileSync(file, 'utf8')) as TlsFinding[]
  const failed = findings.find(({ severity }) => severity === 'FATAL')
  if (failed) throw new Error(`testssl.sh did not look: ${failed.finding}`)
  return findings
}

/** Rejects with what to install. */
export async function findTestssl(): Promise<{ program: string; env: NodeJS.ProcessEnv }> {
  for (const tool of ['openssl', 'hexdump'])
    if (!onPath(tool)) throw new Error(`There is no ${tool} here: install the packages openssl and bsdextrautils`)
  const installed = onPath('testssl') ?? onPath('testssl.sh')
  if (installed && readFileSync(installed, 'utf8').includes('overall_grade')) return { program: installed, env: {} }
  const folder = folderOf(`testssl-${release}`)
  if (!existsSync(folder))
    await unpack(folder).catch((error: Error) => {
      throw new Error(`There is no testssl.sh 3.2 here: install it (${error.message})`, { cause: error })
    })
  return { program: join(folder, 'usr/bin/testssl'), env: { TESTSSL_INSTALL_DIR: join(folder, 'etc/testssl') } }
}

/** A script for any system. It comes from where the packages of this one come from, and is signed as they are. */
async function unpack(folder: string): Promise<void> {
  if (!hasPackages()) throw new Error('this system has no packages of Debian')
  process.stderr.write(`testssl.sh of Debian ${release} is unpacked into ${folder}, once.\n`)
  const { stdout } = await runProgram(
    ['apt-get', 'indextargets', '--format', '$(SITE)', 'Created-By: Packages'],
    20_000,
  )
  const site = stdout.split('\n').find((line) => /\/debian\/?$/.test(line))
  if (!site) throw new Error('this system has no source of Debian')
  mkdirSync(dirname(folder), { recursive: true })
  const outer = mkdtempSync(`${folder}.new-`)
  try {
    const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
    writeFileSync(join(outer, 'sources.list'), `deb [signed-by=${keys}] ${site} ${release} main\n`)
    for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(outer, name), { recursive: true })
    const places = [`State=${outer}`, `State::Lists=${outer}/lists`, `Cache=${outer}`, 'Etc::sourceparts=/dev/null']
    const options = [...places, `Etc::sourcelist=${outer}/sources.list`].flatMap((one) => ['-o', `Dir::${one}`])
    // apt downloads into the folder in which it is started, which only this user may enter.
    const apt = (...words: string[]) =>
      runProgram(['env', '-C', outer, 'apt-get', '-qq', '-o', 'APT::Sandbox::User=root', ...options, ...words], 120_000)
    await apt('update')
    await apt('download', 'testssl.sh')
    const [deb = ''] = globSync('*.deb', { cwd: outer })
    await runProgram(['dpkg', '--extract', join(outer, deb), join(outer, 'draft')], 60_000)
    if (!existsSync(folder)) renameSync(join(outer, 'draft'), folder)
  } finally {
    rmSync(outer, { recursive: true, force: true })
  }
}
