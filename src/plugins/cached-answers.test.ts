import { beforeAll, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../test/app.ts'
import { newJob } from '../../test/builders.ts'

const { call, signUp, db } = await buildTestApp()
let client: Person
let worker: Person
beforeAll(async () => {
  ;[client, worker] = await Promise.all([signUp('client'), signUp('worker')])
})

async function draft(): Promise<string> {
  return (await call('POST', '/v1/jobs', { as: client, body: newJob() })).json().id
}
async function opened(): Promise<string> {
  const id = await draft()
  await call('POST', `/v1/jobs/${id}/publication`, { as: client })
  return id
}
const get = (id: string, as?: Person) => call('GET', `/v1/jobs/${id}`, as && { as })
const statusOf = async (id: string, as?: Person) => (await get(id, as)).headers['cache-status']

describe('a public read', () => {
  test('comes from the cache the second time, byte for byte, with its age and the same tag', async () => {
    const id = await opened()
    const [first, second] = [await get(id), await get(id, worker)]
    expect(first.headers['cache-status']).toBe('Seaworthy; fwd=miss')
    expect(second.headers['cache-status']).toMatch(/^Seaworthy; hit; ttl=(5[3-9]|60)$/)
    expect(second.headers.age).toBe('0')
    expect(second.body).toBe(first.body)
    expect(second.headers).toMatchObject({ etag: '"2"', 'content-type': 'application/json; charset=utf-8' })
    expect(second.headers['cache-control']).toBe('public, no-cache')
  })

  test('asks the database no more', async () => {
    const id = await opened()
    await get(id)
    await db.execute(`UPDATE jobs SET title = 'Changed behind its back' WHERE id = '${id}'`)
    expect((await get(id)).body).not.toContain('Changed behind its back')
  })

  test('is another one for other parameters, however they are ordered', async () => {
    await opened()
    const status = async (query: string) => (await call('GET', `/v1/jobs?${query}`)).headers['cache-status']
    expect(await status('limit=1&sort=oldest')).toContain('fwd=miss')
    expect(await status('limit=2&sort=oldest')).toContain('fwd=miss')
    expect(await status('sort=oldest&limit=1')).toContain('hit')
  })

  test('that is refused is not kept', async () => {
    const id = await draft()
    expect((await get(id)).statusCode).toBe(404)
    await call('POST', `/v1/jobs/${id}/publication`, { as: client })
    expect((await get(id)).statusCode).toBe(200)
  })
})

describe('what is not for everyone', () => {
  test('a draft is its client’s own, and is kept for nobody', async () => {
    const id = await draft()
    const own = await get(id, client)
    expect([own.statusCode, own.headers['cache-status'], own.headers['cache-control']]).toEqual([
      200,
      undefined,
      'private, no-cache',
    ])
    expect([(await get(id)).statusCode, (await get(id, worker)).statusCode]).toEqual([404, 404])
  })

  test('a list of drafts is not kept', async () => {
    await draft()
    const answer = await call('GET', '/v1/jobs?status=draft', { as: client })
    expect(answer.json().data.length).toBeGreaterThan(0)
    expect(answer.headers['cache-status']).toBeUndefined()
    expect((await call('GET', '/v1/jobs?status=draft')).json().data).toEqual([])
  })
})

describe('a write is seen by the next read', () => {
  const listed = async (id: string) =>
    (await call('GET', '/v1/jobs?limit=100')).json().data.some((job: { id: string }) => job.id === id)

  test('of the job, of the list and of its slug, for each change that there is', async () => {
    const slug = `seen-${Date.now()}`
    const free = async () => (await call('GET', `/v1/slugs/${slug}`)).json().available
    expect(await free()).toBe(true)
    const { id } = (await call('POST', '/v1/jobs', { as: client, body: { ...newJob(), slug } })).json()
    expect(await free()).toBe(false)
    expect(await listed(id)).toBe(false)
    const { version } = (await call('POST', `/v1/jobs/${id}/publication`, { as: client })).json()
    expect(await listed(id)).toBe(true)
    await get(id)
    await call('PATCH', `/v1/jobs/${id}`, {
      as: client,
      body: { title: 'Another title' },
      headers: { 'if-match': `"${version}"` },
    })
    expect((await get(id)).json().title).toBe('Another title')
    await call('DELETE', `/v1/jobs/${id}`, { as: client })
    expect([(await get(id)).statusCode, await listed(id)]).toEqual([404, false])
    await call('POST', `/v1/jobs/${id}/restoration`, { as: client })
    expect([(await get(id)).statusCode, await listed(id)]).toEqual([200, true])
    await call('DELETE', `/v1/jobs/${id}/publication`, { as: client })
    expect([(await get(id)).json().status, await listed(id)]).toEqual(['closed', false])
  })

  test('when an acceptance closes the job', async () => {
    const id = await opened()
    expect([await statusOf(id), await listed(id)]).toEqual(['Seaworthy; fwd=miss', true])
    const applied = await call('POST', `/v1/jobs/${id}/applications`, { as: worker, body: { coverLetter: 'Me!' } })
    await call('POST', `/v1/applications/${applied.json().id}/acceptance`, { as: client })
    expect([(await get(id)).json().status, await listed(id)]).toEqual(['closed', false])
  })
})
