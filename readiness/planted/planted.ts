// Controls that are not about the service: they show what the runner makes of a sound one, and of each way in which one can deceive.
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import type { Need } from '../context/stack.ts'
import { type Control, type ControlId, control, red, type Sabotage, source, state } from '../control.ts'

const lamp = 'readiness/planted/lamp.ts'
const coverOf = ({ tree }: Context, id: string) => join(tree, `readiness/planted/cover-${id}`)

const seeLamp =
  (id: string) =>
  async ({ finish }: Context) => {
    const { code, said } = await finish([lamp, id])
    if (code !== 0) throw new Error(`The lamp is broken: ${said}`)
    if (said.includes('covered')) red('covered')
    if (!said.includes('on')) red('dark')
    return { lamp: 'on' }
  }

export function planted(
  id: ControlId,
  sabotage: Sabotage,
  { probe = seeLamp(id) as Control['probe'], needs = [] as Need[] } = {},
): Control {
  return control({
    id,
    level: 'must',
    holds: 'The lamp is on.',
    because: 'In the dark nobody sees what is broken.',
    code: [lamp],
    runbook: 'docs/runbooks/readiness.md',
    needs,
    own: {},
    probe,
    sabotages: [sabotage],
  })
}

/** The lamp goes off. `expected` is the reason that the probe should give. */
export const darken = (expected: string, find = "'on'", replace = "'off'") =>
  source('the lamp is off', lamp, find, replace, { red: expected })

/** Someone covers the lamp of a control; with `stuck` the cover can't be taken off. */
export const cover = (id: ControlId, { stuck = false } = {}) =>
  state(
    'the lamp is covered',
    {
      look: async (context) => existsSync(coverOf(context, id)),
      apply: async (context) => writeFileSync(coverOf(context, id), ''),
      undo: async (context) => !stuck && rmSync(coverOf(context, id)),
    },
    { red: 'covered' },
  )
