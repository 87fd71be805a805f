// Runs scripts/containers in the tree of the stack, where every line is a check. The first that fails is the reason.
import { execFile } from 'node:child_process'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'

export const seeContainers =
  (part: 'image' | 'start') =>
  async ({ tree }: Context): Promise<Evidence> => {
    const said = await runScript(tree, part)
    const failed = /^FAIL {2}(.+?): ([\s\S]{0,1500})/m.exec(said)
    if (failed) red(reasonOf(failed[1] ?? ''), failed[2])
    const passed = [...said.matchAll(/^ok {4}(.+?): (.*)$/gm)].map(([, what = '', evidence = '']) => [what, evidence])
    // Nothing was checked, or the script ended early: that says nothing of the control.
    if (passed.length < 4) throw new Error(`scripts/containers ended early:\n${said}`)
    return Object.fromEntries(passed)
  }

/** "the image names a user by number, not root" is the-image-names-a-user-by-number-not-root. */
const reasonOf = (what: string) => what.toLowerCase().replace(/[^a-z0-9]+/g, '-')

function runScript(cwd: string, part: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('bash', ['scripts/containers', part], { cwd, maxBuffer: 16 * 1024 * 1024 }, (_error, stdout, stderr) => {
      resolve(`${stdout}\n${stderr}`)
    })
  })
}
