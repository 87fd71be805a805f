// Runs scripts/containers, scripts/production or scripts/backups in the tree of the stack, where every line is a check. The first that fails is the reason.
import { execFile } from 'node:child_process'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

type Probe = (context: Context) => Promise<Evidence>

export const seeContainers =
  (part: 'image' | 'start'): Probe =>
  ({ tree }) =>
    see(tree, ['scripts/containers', part], 4)

export const seeProduction =
  (part: 'start' | 'confined' | 'closed' | 'limits' | 'deploy' | 'failover'): Probe =>
  ({ tree }) =>
    see(tree, ['scripts/production', part], 2)

type BackupPart = 'logical' | 'restore' | 'keys' | 'retention' | 'failures' | 'physical' | 'pitr' | 'schedule' | 'drill'

export const seeBackups =
  (part: BackupPart): Probe =>
  ({ tree }) =>
    see(tree, ['scripts/backups', part], 3)

async function see(tree: string, command: string[], least: number): Promise<Evidence> {
  const said = await runScript(tree, command)
  const failed = /^FAIL {2}(.+?): ([\s\S]{0,1500})/m.exec(said)
  if (failed) red(reasonOf(failed[1] ?? ''), failed[2])
  const passed = [...said.matchAll(/^ok {4}(.+?): (.*)$/gm)].map(([, what = '', evidence = '']) => [what, evidence])
  // Nothing was checked, or the script ended early: that says nothing of the control.
  if (passed.length < least) throw new Error(`${command.join(' ')} ended early:\n${said}`)
  return Object.fromEntries(passed)
}

/** "the image names a user by number, not root" is the-image-names-a-user-by-number-not-root. */
const reasonOf = (what: string) => what.toLowerCase().replace(/[^a-z0-9]+/g, '-')

function runScript(cwd: string, command: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('bash', command, { cwd, maxBuffer: 16 * 1024 * 1024 }, (_error, stdout, stderr) => {
      resolve(`${stdout}\n${stderr}`)
    })
  })
}
