// Prometheus, Alertmanager with their checkers, and the blackbox exporter, of the system or of Debian's packages.
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { folderOf, onPath, unpackPackages } from '../debian-packages.ts'

const packages = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  alertmanager: 'prometheus-alertmanager',
  amtool: 'prometheus-alertmanager',
  blackbox: 'prometheus-blackbox-exporter',
}
/** Where the package has another name for it. */
const names: Partial<Record<keyof typeof packages, string>> = {
  alertmanager: 'prometheus-alertmanager',
  blackbox: 'prometheus-blackbox-exporter',
}

export type MonitoringProgram = keyof typeof packages

/** The path of a program. Rejects with what to install where it can't be had. */
export async function findMonitoring(name: MonitoringProgram): Promise<string> {
  const word = names[name] ?? name
  const installed = onPath(word) ?? onPath(name)
  if (installed) return installed
  const folder = folderOf(packages[name])
  const program = `usr/bin/${word}`
  const say = (line: string) => process.stderr.write(`${line}\n`)
  if (!existsSync(folder))
    await unpackPackages({ names: [packages[name]], folder, program, say }).catch((error: Error) => {
      throw new Error(`There is no ${name} here: install the package ${packages[name]} (${error.message})`, {
        cause: error,
      })
    })
  return name === 'alertmanager' ? withTemplates(folder, program) : join(folder, program)
}

/**
 * Debian's Alertmanager reads its templates at a fixed path of the system, where nothing is unpacked: it runs in a view of the files of its
 * own, in which the package's stand there (unshare(1), which some systems allow to root alone; there, install the package).
 */
function withTemplates(folder: string, program: string): string {
  const file = join(folder, 'alertmanager')
  const inside = 'mount --bind "$0/usr/share" /usr/share && exec "$0/PROGRAM" "$@"'.replace('PROGRAM', program)
  // Whole, also for whoever starts it at the same time.
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `#!/bin/sh\nexec unshare --map-root-user --mount sh -c '${inside}' '${folder}' "$@"\n`, {
    mode: 0o755,
  })
  renameSync(draft, file)
  return file
}
