// What needs a server of S3, which is built with Go: `npm run test:uploads`. It is no part of npm test, which needs nothing but Node and npm.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.s3.test.ts'],
    globalSetup: 'test/global-setup.ts',
    hookTimeout: 600_000,
    passWithNoTests: false,
    testTimeout: 30_000,
  },
})
