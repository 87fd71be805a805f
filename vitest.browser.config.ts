// What needs a real Chromium: `npm run test:browser`. It is no part of npm test, which runs with nothing installed but Node and npm.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.browser.test.ts', 'readiness/**/*.browser.test.ts'],
    globalSetup: 'test/global-setup.ts',
    hookTimeout: 120_000,
    reporters: ['default', ['json', { outputFile: 'coverage/browser-results.json' }]],
    passWithNoTests: false,
    testTimeout: 30_000,
  },
})
