/** `covered` names the degraded mode in which the service goes on without it. A check that rejects says why in its message. */
export type Check = { name: string; covered?: string; check: () => Promise<void> }
export type CheckResult = { name: string; ok: boolean; milliseconds: number; problem?: string }
export type Verdict = {
  status: 'ready' | 'degraded' | 'starting' | 'draining' | 'failing'
  modes: string[]
  checks: CheckResult[]
}
export type Readiness = ReturnType<typeof createReadiness>

/**
 * Whether this process should be sent traffic. All checks run at once, each for at most `timeout` milliseconds. What fails before
 * everything was up once is `starting`; later it is `degraded` where all that fails is covered, else `failing`.
 */
export function createReadiness({ checks: given, timeout }: { checks: Check[]; timeout: number }) {
  const checks = [...given]
  let wasReady = false
  let draining = false

  return { watch, drain, isDraining: () => draining, verdict, modes: () => [] as string[], isReadOnly: () => false }

  /** Adds what only some processes stand on. */
  function watch(check: Check): void {
    checks.push(check)
  }

  /** Turns unready for good: traffic should stop before the listener closes. */
  function drain(): void {
    draining = true
  }

  async function verdict(): Promise<Verdict> {
    const asked = [...checks]
    const results = await Promise.all(asked.map((check) => within(check, timeout)))
    const failing = asked.filter((_, index) => !results[index]?.ok)
    wasReady ||= failing.length === 0
    const modes = failing.flatMap(({ covered }) => covered ?? [])
    return { status: statusOf(failing.length, modes.length), modes, checks: results }
  }

  function statusOf(failing: number, covered: number): Verdict['status'] {
    if (draining) return 'draining'
    if (failing === 0) return 'ready'
    if (!wasReady) return 'starting'
    return covered === failing ? 'degraded' : 'failing'
  }
}

async function within({ name, check }: Check, timeout: number): Promise<CheckResult> {
  const start = performance.now()
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout)
  })
  const took = () => Math.round(performance.now() - start)
  try {
    await Promise.race([check(), tooLong])
    return { name, ok: true, milliseconds: took() }
  } catch (error) {
    return { name, ok: false, milliseconds: took(), problem: (error as Error).message || 'failed' }
  } finally {
    clearTimeout(timer)
  }
}
