import { expect, test } from 'vitest'
import { Report } from './report.schemas.ts'

test('readiness/report.schema.json is the schema of the code, for readers in other languages', async () => {
  const document = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Readiness report', ...Report }
  await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../report.schema.json')
})
