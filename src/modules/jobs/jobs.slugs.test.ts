import { describe, expect, test } from 'vitest'
import { buildTestApp } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'

const { call, signUp, services } = await buildTestApp()
const client = await signUp('client')

describe('slugs', () => {
  const state = async (slug: string) => (await call('GET', `/v1/slugs/${slug}`)).json()

  test('a free slug is available, a reserved one never', async () => {
    expect(await state('nobody-has-this')).toEqual({
      slug: 'nobody-has-this',
      available: true,
      reason: null,
      jobId: null,
    })
    expect(await state('admin')).toEqual({ slug: 'admin', available: false, reason: 'reserved', jobId: null })
  })

  test('a taken slug names its job only when everyone may see that job', async () => {
    const { id } = await services.jobs.create(client, newJob({ slug: 'soon-public' }))
    expect(await state('soon-public')).toMatchObject({ available: false, reason: 'taken', jobId: null })
    await services.jobs.publish(client, id)
    expect(await state('soon-public')).toMatchObject({ available: false, reason: 'taken', jobId: id })
  })
})
