import { afterEach, expect, test, vi } from 'vitest'
import { describeMachine } from './machine.ts'

afterEach(() => vi.unstubAllEnvs())

test('a machine lacks the programs that are asked for and not there; the rest the runner starts itself', async () => {
  vi.stubEnv('PATH', import.meta.dirname)
  expect((await describeMachine(new Set(['database', 'docker', 'go']))).lacks).toEqual(['docker', 'go'])
  expect((await describeMachine(new Set(['database']))).lacks).toEqual([])
})
