import { afterEach, expect, test, vi } from 'vitest'
import { pythonProgram } from './python-programs.ts'

afterEach(() => vi.unstubAllEnvs())

test('where Python is missing it says what to install', async () => {
  vi.stubEnv('PATH', import.meta.dirname)
  const finding = pythonProgram({ name: 'nobody-has-this', version: '1.0.0' })
  await expect(finding).rejects.toThrow('There is no nobody-has-this here: install python3 and python3-venv')
})
