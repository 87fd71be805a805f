// Scanners that are packages of Debian: the installed program, or one that is unpacked once.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { folderOf, onPath, unpackPackages } from '../debian-packages.ts'

type How = Partial<Pick<Parameters<typeof unpackPackages>[0], 'version' | 'says' | 'environment'>>

/** `names`: its package, and what has to be unpacked beside it. Rejects where it can't be had. */
export async function findPackaged(name: string, names: string[], how: How = {}): Promise<string> {
  const installed = onPath(name)
  if (installed) return installed
  const [folder, program] = [folderOf(name), `usr/bin/${name}`]
  const say = (line: string) => process.stderr.write(`${line}\n`)
  if (!existsSync(folder)) await unpackPackages({ names, folder, program, say, ...how })
  return join(folder, program)
}

/** The folder that a program was unpacked into, if it was. */
export const unpackedOf = (program: string) => /^(.*\/\.local\/.*?)\/usr\/bin\//.exec(program)?.[1]
