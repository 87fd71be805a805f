// Looks at a deployed service: only what reads, so that it may be production.
import { openCaller, type Target } from '../context/http.ts'
import type { Control } from '../control.ts'
import { outcomeOf } from './examine.ts'
import type { Finding } from './schedule.ts'

/** There is no answer at all: nothing can be said, so there is no score. */
export class Unreachable extends Error {}

/** Runs the look of each control that has one. Throws Unreachable. */
export async function lookAt(url: string, token: string, controls: readonly Control[]): Promise<Finding[]> {
  const caller = openCaller(url, { readOnly: true, token })
  const target: Target = { url, get: (path, options) => caller.call('GET', path, options) }
  try {
    await caller.call('GET', '/health/live').catch((error: Error) => {
      throw new Unreachable(`${url} can't be reached: ${error.message}`)
    })
    const findings: Finding[] = []
    for (const control of controls) if (control.look) findings.push(await look(control, control.look, target))
    return findings
  } finally {
    caller.close()
  }
}

async function look(control: Control, see: NonNullable<Control['look']>, target: Target): Promise<Finding> {
  const [at, start] = [new Date().toISOString(), performance.now()]
  const outcome = await outcomeOf(see(target))
  const none = { verdict: 'none', reason: 'nothing is broken on a target', seconds: 0 } as const
  const sabotages = control.sabotages.map(({ name, kind, red }) => ({ name, kind, expected: red, ...none }))
  const seconds = Math.round((performance.now() - start) / 100) / 10
  return { control, outcome, at, seconds, sabotaged: false, sabotages }
}
