// Programs of Debian's packages without root: what is not installed is unpacked under .local/, and runs from there.
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parseEnv, promisify } from 'node:util'

type Say = (line: string) => void
/** `program` is a path within the packages: it is asked for its version (by `--version`, or as it wants), to see whether they work here; where it says so, it may end with any code. */
type Wanted = {
  names: string[]
  folder: string
  program: string
  version?: string
  says?: RegExp
  environment?: (unpacked: string) => NodeJS.ProcessEnv
  say: Say
}

/** Where packages are unpacked. Named by system and processor, because a container may see the project folder of another system. */
export function folderOf(name: string): string {
  const release = parseEnv(fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '')
  const system = [release.ID, release.VERSION_ID ?? release.VERSION_CODENAME, process.arch].join('-')
  return resolve(import.meta.dirname, '../.local', name, system)
}

export function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => resolve(folder, name)).find((file) => fs.existsSync(file))
}

/** Whether this is a Debian, or made of one. */
export const hasPackages = () => Boolean(onPath('apt-get') && onPath('dpkg'))

/** What a program needs that was unpacked there, and nothing of ours. */
export function cleanEnvironment(unpacked?: string): NodeJS.ProcessEnv {
  const libraries = unpacked && filesIn(unpacked, '{usr/lib,lib}/*-linux-*').join(':')
  return { PATH: process.env.PATH, HOME: tmpdir(), LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: libraries }
}

/** Needs no root and installs nothing. Callers at the same time each unpack for themselves, and one rename wins. */
export async function unpackPackages(wanted: Wanted): Promise<void> {
  const { names, folder, program, version = '--version', says, environment = cleanEnvironment, say } = wanted
  if (!hasPackages()) throw new Error('this system has no packages of Debian')
  say(`${names.join(', ')}: the package of this system is unpacked into ${folder}, once.`)
  let outer = ''
  try {
    fs.mkdirSync(dirname(folder), { recursive: true })
    outer = fs.mkdtempSync(`${folder}.new-`)
    const draft = join(outer, 'draft')
    for (const deb of await download(outer, names)) await runProgram(['dpkg', '--extract', deb, draft], 60_000)
    await runProgram([join(draft, program), version], 30_000, environment(draft)).catch((error) => {
      if (!says?.test(`${error.stdout}`)) throw error
    })
    if (!fs.existsSync(folder)) fs.renameSync(draft, folder)
  } catch (error) {
    if (fs.existsSync(folder)) return
    const [reason] = /^E: .*/m.exec(String(error)) ?? String(error).trim().split('\n').slice(-1)
    throw new Error(`its package cannot be unpacked: ${reason}`, { cause: error })
  } finally {
    remove(outer)
  }
}

/** Answers the packages, and those of libraries that the system lacks. Missing or old lists are fetched into `folder`. */
async function download(folder: string, names: string[]): Promise<string[]> {
  const fixed = [`Dir::Cache=${folder}`, 'Debug::NoLocking=1', 'Acquire::Retries=2', 'Acquire::http::Timeout=20']
  const apt = (options: string[], ...words: string[]) =>
    runProgram(
      ['apt-get', '-qq', '--yes', ...[...fixed, ...options].flatMap((option) => ['-o', option]), ...words],
      120_000,
    )
  const words = ['--download-only', '--no-install-recommends', '--reinstall', 'install', ...names]
  if (!(await succeeds(apt([], ...words)))) {
    const lists = [`Dir::State=${folder}`, `Dir::State::Lists=${folder}/lists`]
    remove(join(folder, 'archives'))
    // One unreachable source fails the update, and perhaps not the download: it is the reason only if both fail.
    const failure = await apt([...lists, 'APT::Update::Error-Mode=any'], 'update').catch((error) => ({ error }))
    await apt(lists, ...words).catch((error) => Promise.reject('error' in failure ? failure.error : error))
  }
  return filesIn(folder, 'archives/*.deb')
}

const filesIn = (cwd: string, pattern: string) => fs.globSync(pattern, { cwd }).map((name) => join(cwd, name))
const remove = (path: string) => path && fs.rmSync(path, { recursive: true, force: true, maxRetries: 5 })
export const succeeds = (work: Promise<unknown>) => work.then(() => true).catch(() => false)
export const runProgram = ([program = '', ...args]: string[], timeout: number, env = process.env) =>
  promisify(execFile)(program, args, { timeout, env: { ...env, LC_ALL: 'C' }, cwd: '/' })
