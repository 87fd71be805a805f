import { afterEach, expect, test, vi } from 'vitest'
import { findGoProgram } from './go-programs.ts'

afterEach(() => vi.unstubAllEnvs())

test('where Go is missing it says what to install', async () => {
  vi.stubEnv('PATH', import.meta.dirname)
  const finding = findGoProgram('example.com/nobody/has/this', 'v1.0.0')
  await expect(finding).rejects.toThrow('There is no this here: install Go')
})
