import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { versions } from './linters.ts'

test('the nightly search for secrets runs the version that a scan here runs', () => {
  const named = readFileSync('.github/workflows/security.yml', 'utf8').matchAll(/gitleaks\/v8@(v[\d.]+)/g)
  expect([...named].map(([, version]) => version)).toEqual([versions.gitleaks])
})

test('the page of dependencies names the versions that are run', () => {
  const page = readFileSync('docs/dependencies.md', 'utf8')
  expect(page).toContain(`actionlint ${versions.actionlint.slice(1)} `)
  expect(page).toContain(`zizmor ${versions.zizmor} `)
})
