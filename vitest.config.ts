import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts', 'readiness/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.browser.test.ts', '**/*.s3.test.ts'],
    globalSetup: 'test/global-setup.ts',
    reporters: ['default', ['json', { outputFile: 'coverage/results.json' }]],
    passWithNoTests: false,
    // The gate shows messages only: what differs must stand in them.
    chaiConfig: { truncateThreshold: 1500 },
    // Tests wait more than they compute, and the default leaves one of two cores idle.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { lines: 85 },
    },
  },
})
