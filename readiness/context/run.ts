// What one run of the runner holds: a folder of its own, the PostgreSQL of its stacks, copies of the tree. It leaves nothing behind,
// and tidies what a killed run left.
import { execFile } from 'node:child_process'
import {
  cpSync,
  type Dirent,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { isAlive, openScratchServer, type ScratchDatabase } from '../../tools/scratch-databases.ts'
import { migrate, schemaKey, seed, seedKey } from './templates.ts'

export type Run = Awaited<ReturnType<typeof openRun>>
const execute = promisify(execFile)

/** `root` is the project: its files are copied once, so that an edit during the run changes nothing. */
export async function openRun(root: string) {
  const base = join(root, '.local/readiness')
  await tidy(base)
  const folder = join(base, `run-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const files = await filesOf(root)
  const tree = copyTree('tree', root)
  const templates = new Map<string, Promise<ScratchDatabase>>()
  let counter = 0
  let server: ReturnType<typeof openScratchServer> | undefined

  return { folder, tree, copyTree, makeFolder, record, databases, copyDatabase, copySeeded, close }

  /** A copy of the project's files, as they were at the start or as another copy has them, with node_modules linked. */
  function copyTree(name: string, from = tree): string {
    const to = join(folder, name)
    for (const file of files) {
      mkdirSync(dirname(join(to, file)), { recursive: true })
      cpSync(join(from, file), join(to, file))
    }
    symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'))
    return to
  }

  function makeFolder(name: string): string {
    const made = join(folder, `${name}-${++counter}`)
    mkdirSync(made)
    return made
  }

  /** Remembers a process, so that the next run ends it when this one can't. `mark` is what its command line says of it. */
  function record(pid: number | undefined, mark = folder): void {
    if (pid) writeFileSync(join(folder, 'processes'), `${pid} ${mark}\n`, { flag: 'a' })
  }

  function databases() {
    server ??= openScratchServer({ dataDir: join(base, 'postgres'), prefix: 'readiness' })
    return server
  }

  /** A database as the migrations of a tree make it: made once, copied for each stack. */
  async function copyDatabase(of: string): Promise<ScratchDatabase> {
    const { create, copy } = await databases()
    const key = schemaKey(of)
    const template = templates.get(key) ?? create().then((made) => migrate(of, made))
    templates.set(key, template)
    return copy(await template)
  }

  /** One that is full: made once and kept for later runs, copied for each stack. */
  async function copySeeded(of: string): Promise<ScratchDatabase> {
    const { keep, copy } = await databases()
    return copy(await keep(seedKey(of), async (made) => seed(of, await migrate(of, made))))
  }

  /** Ends the processes of stacks that are up still: of an interrupted run, or of a look that was given up. */
  async function close(): Promise<void> {
    await killRecorded(folder)
    try {
      await (await server)?.close()
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

const notOurs = new Set(['.git', '.local', 'node_modules', 'coverage', 'readiness-report'])

/** What git knows or would add: no build products, no secrets of this machine. Where it knows nothing, as in an unpacked archive, all. */
async function filesOf(root: string): Promise<string[]> {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const options = { cwd: root, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await execute('git', words, options).catch(() => ({ stdout: '' }))
  const files = stdout.split('\0').filter((file) => file && existsSync(join(root, file)))
  return files.length > 0
    ? files
    : globSync('**', { cwd: root, exclude: isNotOurs, withFileTypes: true }).flatMap(pathIn(root))
}

const isNotOurs = ({ name }: { name: string }) => notOurs.has(name)
const pathIn = (root: string) => (entry: Dirent) =>
  entry.isFile() ? [relative(root, join(entry.parentPath, entry.name))] : []

/** Ends the processes and removes the folders of runs that were killed. A number that another program has by now is left alone. */
async function tidy(base: string): Promise<void> {
  if (!existsSync(base)) return
  for (const name of readdirSync(base).filter((entry) => /^run-\d+$/.test(entry))) {
    if (isAlive(Number(name.slice(4)))) continue
    await killRecorded(join(base, name))
    rmSync(join(base, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

async function killRecorded(folder: string): Promise<void> {
  const list = join(folder, 'processes')
  for (const line of existsSync(list) ? readFileSync(list, 'utf8').trim().split('\n') : []) {
    const [pid = '', mark = ''] = line.split(/ (.*)/)
    if (!isAlive(Number(pid))) continue
    const { stdout } = await execute('ps', ['-o', 'command=', '-p', pid]).catch(() => ({ stdout: '' }))
    if (isAlive(Number(pid)) && stdout.includes(mark)) process.kill(Number(pid), 'SIGKILL')
  }
}
