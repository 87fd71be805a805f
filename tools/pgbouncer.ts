// The pooler of production as a process of this machine: PgBouncer with stores/pgbouncer.ini, for probes and tests.
import * as fs from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { cleanEnvironment, folderOf, hasPackages, onPath, runProgram } from './debian-packages.ts'
import { startProcess } from './process.ts'
import { freePorts } from './stack.ts'

type Options = {
  /** Where it leads, with the login and the database. */
  url: string
  /** The project, or a copy of it, whose stores/pgbouncer.ini is run. */
  tree?: string
  /** Connections to the database at most: few, so that clients have to share them. */
  connections?: number
}

/** The first release that knows named statements in transaction mode; Debian 12 has an older one. */
const oldest = [1, 21]
/** Of Debian 13, with the libraries and the loader that it is linked to: it runs on any Debian of the same processor. */
const names = [
  ...['pgbouncer', 'libc6', 'libcares2', 'libevent-2.1-7t64', 'libssl3t64', 'libpam0g', 'libaudit1', 'libcap-ng0'],
  ...['libsystemd0', 'libcap2', 'zlib1g', 'libzstd1', 'libgcc-s1'],
]
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Answers once it takes connections. `url` is that of the database by way of it. */
export async function openPgbouncer({ url, tree = resolve(import.meta.dirname, '..'), connections = 4 }: Options) {
  const program = await findProgram()
  const [port = 0] = await freePorts(1)
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-pgbouncer-'))
  const { hostname, port: databasePort, username, password, pathname } = new URL(url)
  const name = pathname.slice(1)
  try {
    const asked = await readFile(join(tree, 'stores/pgbouncer.ini'), 'utf8')
    await writeFile(join(folder, 'users'), `"${username}" "${decodeURIComponent(password)}"\n`, { mode: 0o600 })
    // Addresses and files of this machine, which nothing leaves: without TLS.
    const here = {
      ...{ listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '', auth_file: join(folder, 'users') },
      ...{ default_pool_size: connections, admin_users: username },
    }
    const database = `${name} = host=${hostname} port=${databasePort} dbname=${name}`
    const plain = asked.replace(/^\w+_tls_.*\n/gm, '').replace(/^\w+ = host=.*$/m, database)
    const file = join(folder, 'pgbouncer.ini')
    await writeFile(file, Object.entries(here).reduce(settle, plain))
    // It refuses to run as root, as PostgreSQL does; and it ends with this process.
    const other = ['--reuid=65534', '--regid=65534', '--clear-groups']
    const isRoot = process.getuid?.() === 0
    const account = ['setpriv', '--pdeathsig=KILL', ...(isRoot ? other : [])]
    if (isRoot) for (const path of [folder, join(folder, 'users'), file]) fs.chownSync(path, 65_534, 65_534)
    const [command = '', ...args] = [...account, ...program, file]
    const running = startProcess(args, { program: command })
    const over = running.ended.then(() => true)
    const close = async () => {
      running.child.kill('SIGKILL')
      await over
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    }
    while (!(await takesConnections(port))) {
      if (!(await Promise.race([over, delay(20, false)]))) continue
      throw new Error(`PgBouncer does not start: ${running.said()}`)
    }
    const pooled = new URL(url)
    pooled.host = `127.0.0.1:${port}`
    const admin = new URL(pooled)
    admin.pathname = '/pgbouncer'
    return { url: pooled.href, adminUrl: admin.href, pid: running.child.pid, said: running.said, close }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** With another value in its place: a section that stands twice would forget the first. */
function settle(text: string, [key, value]: [string, string | number]): string {
  const line = new RegExp(`^${key} =.*$`, 'm')
  return line.test(text) ? text.replace(line, `${key} = ${value}`) : `${text}${key} = ${value}\n`
}

/** How it is run: that of the system when it is new enough, else that of Debian 13, unpacked without root. */
async function findProgram(): Promise<string[]> {
  const installed = onPath('pgbouncer') ?? ['/usr/sbin/pgbouncer'].find(fs.existsSync)
  if (installed && (await isNew([installed]))) return [installed]
  const folder = folderOf('pgbouncer')
  if (!fs.existsSync(folder)) await unpack(folder)
  return linked(folder)
}

async function isNew([program = '', ...args]: string[]): Promise<boolean> {
  const { stdout } = await runProgram([program, ...args, '--version'], 5000, cleanEnvironment())
  const [, major, minor] = /PgBouncer (\d+)\.(\d+)/.exec(stdout) ?? []
  return Number(major) * 1000 + Number(minor) >= Number(oldest[0]) * 1000 + Number(oldest[1])
}

/** By the loader of its own C library, which is newer than that of the system. */
function linked(folder: string): string[] {
  const [loader] = fs.globSync('usr/lib{64,}/ld-linux*.so.*', { cwd: folder })
  const libraries = fs.globSync('usr/lib/*-linux-gnu', { cwd: folder }).map((found) => join(folder, found))
  return [join(folder, `${loader}`), '--library-path', libraries.join(':'), join(folder, 'usr/sbin/pgbouncer')]
}

async function unpack(folder: string): Promise<void> {
  const missing = 'There is no PgBouncer from 1.21 on here: install it'
  if (!hasPackages() || !fs.existsSync(keyring)) throw new Error(missing)
  process.stderr.write(`pgbouncer: the package of Debian 13 is unpacked into ${folder}, once.\n`)
  fs.mkdirSync(dirname(folder), { recursive: true })
  const outer = fs.mkdtempSync(`${folder}.new-`)
  try {
    for (const name of ['lists/partial', 'archives/partial', 'draft'])
      fs.mkdirSync(join(outer, name), { recursive: true })
    for (const [name, text] of Object.entries({
      status: '',
      'sources.list': `deb [signed-by=${keyring}] http://deb.debian.org/debian trixie main\n`,
    }))
      fs.writeFileSync(join(outer, name), text)
    const settings = [`Dir::State=${outer}`, `Dir::State::status=${outer}/status`, `Dir::Cache=${outer}`]
    settings.push(`Dir::Etc::SourceList=${outer}/sources.list`, 'Dir::Etc::SourceParts=/dev/null')
    settings.push('Debug::NoLocking=1', 'Acquire::Retries=2', 'Acquire::http::Timeout=20', 'APT::Sandbox::User=root')
    const apt = ['apt-get', '-qq', ...settings.flatMap((setting) => ['-o', setting])]
    await runProgram([...apt, 'update'], 120_000)
    // `download` takes the folder that it stands in.
    await runProgram(['env', `--chdir=${outer}`, ...apt, 'download', ...names], 120_000)
    for (const deb of fs.globSync('*.deb', { cwd: outer }))
      await runProgram(['dpkg', '--extract', join(outer, deb), join(outer, 'draft')], 60_000)
    if (!(await isNew(linked(join(outer, 'draft'))))) throw new Error('it is no newer')
    fs.chmodSync(join(outer, 'draft'), 0o755)
    if (!fs.existsSync(folder)) fs.renameSync(join(outer, 'draft'), folder)
  } catch (error) {
    if (!fs.existsSync(folder)) throw new Error(`${missing} (${(error as Error).message})`, { cause: error })
  } finally {
    fs.rmSync(outer, { recursive: true, force: true, maxRetries: 5 })
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('connect', () => socket.destroy())
  })
}
