// Where probes are run: one stack that undisturbing probes share, and one of its own for whatever varies from it.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, createContext } from '../context/context.ts'
import type { Run } from '../context/run.ts'
import { openStack, type Stack } from '../context/stack.ts'
import type { Control } from '../control.ts'

/** What differs from the stack of the control: the files, or the environment. */
export type Variation = { tree?: string; env?: Record<string, string> }
export type Bench = ReturnType<typeof createBench>

/** One for each slot: its copy of the tree has one edit at a time. */
export function createBench(run: Run, slot: number) {
  let shared: Promise<Stack> | undefined
  let copied: string | undefined
  let known: Set<string> | undefined

  return { withStack, copy, variables, discardShared, close }

  /** `renew` makes another context on the same stack, for a second run of the probe. */
  async function withStack<T>(
    control: Control,
    variation: Variation,
    work: (context: Context, renew: () => Context) => Promise<T>,
  ): Promise<T> {
    const own = control.own ?? variation.tree ?? variation.env
    const stack = own ? await open(control, variation) : await openShared()
    const context = createContext(run, stack)
    try {
      return await work(context, () => createContext(run, stack))
    } finally {
      await context.close()
      if (own) await stack.close()
    }
  }

  function open(control: Control, { tree = run.tree, env = {} }: Variation): Promise<Stack> {
    return openStack({ run, tree, needs: control.needs, env: { ...control.own, ...env } })
  }

  function openShared(): Promise<Stack> {
    shared ??= openStack({ run, tree: run.tree, needs: ['api', 'worker'] }).catch((error) => {
      shared = undefined
      throw error
    })
    return shared
  }

  /** The copy of the tree in which edits are made. */
  function copy(): string {
    copied ??= run.copyTree(`slot-${slot}`)
    return copied
  }

  /** The variables of the environment that the service reads. */
  function variables(): Set<string> {
    const example = () => readFileSync(join(run.tree, '.env.example'), 'utf8')
    known ??= new Set([...example().matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name))
    return known
  }

  /** What shares the stack may be wrong from now on: the next one gets another. */
  function discardShared(): void {
    const old = shared
    shared = undefined
    old?.then((stack) => stack.close()).catch(() => {})
  }

  async function close(): Promise<void> {
    await (await shared?.catch(() => undefined))?.close()
    // The slow tier has a bench of the same number.
    if (copied) rmSync(copied, { recursive: true, force: true })
  }
}
