import { beforeAll, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../../test/app.ts'
import { newJob } from '../../../test/builders.ts'

const { call, signUp } = await buildTestApp()
let client: Person
let rival: Person
let worker: Person
let support: Person
beforeAll(async () => {
  ;[client, rival, worker, support] = await Promise.all([
    signUp('client'),
    signUp('client'),
    signUp('worker'),
    signUp('support'),
  ])
})

const nobody = '0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11'

async function draft(changes = {}) {
  return (await call('POST', '/v1/jobs', { as: client, body: newJob(changes) })).json()
}

async function opened(changes = {}) {
  const { id } = await draft(changes)
  return (await call('POST', `/v1/jobs/${id}/publication`, { as: client })).json()
}

describe('drafting', () => {
  test('a client drafts a job', async () => {
    const answer = await call('POST', '/v1/jobs', { as: client, body: newJob({ title: 'Mend the net' }) })
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toMatchObject({
      title: 'Mend the net',
      slug: 'mend-the-net',
      status: 'draft',
      version: 1,
      publishedAt: null,
    })
    expect(answer.headers).toMatchObject({ location: `/v1/jobs/${answer.json().id}`, etag: '"1"' })
  })

  test('a stranger is told to sign in', async () => {
    const answer = await call('POST', '/v1/jobs', { body: newJob() })
    expect([answer.statusCode, answer.json().code, answer.headers['www-authenticate']]).toEqual([
      401,
      'TOKEN_MISSING',
      'Bearer',
    ])
  })

  test('a worker is refused', async () => {
    const answer = await call('POST', '/v1/jobs', { as: worker, body: newJob() })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'ROLE_REFUSED'])
  })

  test('two jobs of one title get different slugs', async () => {
    const [first, second] = [await draft({ title: 'Twice told' }), await draft({ title: 'Twice told' })]
    expect(first.slug).toBe('twice-told')
    expect(second.slug).toMatch(/^twice-told-[0-9a-f]{6}$/)
  })

  test.each(['Admin', '???', '日本語の仕事'])(
    'a title that makes no free slug gets one all the same: %s',
    async (title) => {
      expect((await draft({ title })).slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect((await draft({ title })).slug).not.toBe('admin')
    },
  )

  test('a slug of one’s own is kept, refused when taken, refused when reserved', async () => {
    expect((await draft({ slug: 'my-own-slug' })).slug).toBe('my-own-slug')
    expect(await draft({ slug: 'my-own-slug' })).toMatchObject({ status: 409, code: 'SLUG_TAKEN' })
    expect(await draft({ slug: 'admin' })).toMatchObject({ status: 422, code: 'SLUG_RESERVED' })
  })

  test('twenty drafts of one slug at once make one job', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call('POST', '/v1/jobs', { as: client, body: newJob({ slug: 'raced-for' }) })),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, ...Array(19).fill(409)])
  })
})

describe('seeing', () => {
  test('a job that nobody has is a 404 problem', async () => {
    const answer = await call('GET', `/v1/jobs/${nobody}`)
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.json()).toMatchObject({
      code: 'JOB_NOT_FOUND',
      type: 'urn:problem-type:seaworthy:job-not-found',
      instance: `/v1/jobs/${nobody}`,
    })
  })

  test('a draft is there for its owner and for support, and for nobody else', async () => {
    const { id } = await draft()
    const see = async (as?: Person) => (await call('GET', `/v1/jobs/${id}`, as && { as })).statusCode
    expect(await Promise.all([see(client), see(support), see(rival), see(worker), see()])).toEqual([
      200, 200, 404, 404, 404,
    ])
  })

  test('an open job is there for everyone', async () => {
    const { id } = await opened()
    expect((await call('GET', `/v1/jobs/${id}`)).json()).toMatchObject({ id, status: 'open' })
  })

  test('a bad token is refused even where strangers are welcome', async () => {
    const answer = await call('GET', '/v1/jobs', { as: { token: 'nonsense' } })
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"'])
  })
})

describe('editing', () => {
  const edit = (id: string, ifMatch: string | undefined, body: object, as = client) =>
    call('PATCH', `/v1/jobs/${id}`, { as, body, headers: ifMatch ? { 'if-match': ifMatch } : {} })

  test('the version that was seen is changed, and its ETag moves on', async () => {
    const { id } = await draft()
    const answer = await edit(id, '"1"', { title: 'A better title', budget: { amount: 5, currency: 'USD' } })
    expect(answer.json()).toMatchObject({ title: 'A better title', budget: { amount: 5, currency: 'USD' }, version: 2 })
    expect(answer.headers.etag).toBe('"2"')
  })

  test('an old version is 412 and says which one is current', async () => {
    const { id } = await draft()
    await edit(id, '"1"', { title: 'The first wins' })
    const answer = await edit(id, '"1"', { title: 'The second loses' })
    expect([answer.statusCode, answer.json().code, answer.headers.etag]).toEqual([412, 'VERSION_DIFFERS', '"2"'])
    expect((await call('GET', `/v1/jobs/${id}`, { as: client })).json().title).toBe('The first wins')
  })

  test('of ten changes of one version at once, one is made', async () => {
    const { id } = await draft()
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => edit(id, '"1"', { title: `Change ${n}` })))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(412)])
  })

  test('a weak tag never matches, a list and a star do', async () => {
    const { id } = await draft()
    expect((await edit(id, 'W/"1"', { title: 'Never' })).statusCode).toBe(412)
    expect((await edit(id, '"9", "1"', { title: 'By list' })).statusCode).toBe(200)
    expect((await edit(id, '*', { title: 'By star' })).statusCode).toBe(200)
  })

  test('without If-Match it is 428', async () => {
    const { id } = await draft()
    expect((await edit(id, undefined, { title: 'Blind' })).json()).toMatchObject({
      status: 428,
      code: 'IF_MATCH_REQUIRED',
    })
  })

  test('another client’s job is 404, however public it is', async () => {
    const { id } = await opened()
    expect((await edit(id, '*', { title: 'Mine now' }, rival)).statusCode).toBe(404)
  })

  test('the budget of an open job is fixed, since workers apply for it', async () => {
    const { id } = await opened()
    expect((await edit(id, '*', { budget: { amount: 1, currency: 'EUR' } })).json()).toMatchObject({
      status: 409,
      code: 'BUDGET_FIXED',
    })
    expect((await edit(id, '*', { title: 'Another title' })).statusCode).toBe(200)
  })

  test('a closed job is 409', async () => {
    const { id } = await opened()
    await call('DELETE', `/v1/jobs/${id}/publication`, { as: client })
    expect((await edit(id, '*', { title: 'Too late' })).json()).toMatchObject({ status: 409, code: 'JOB_CLOSED' })
  })

  test('a change of nothing is 400', async () => {
    const { id } = await draft()
    expect((await edit(id, '"1"', {})).json()).toMatchObject({ status: 400, code: 'INPUT_INVALID' })
  })
})

describe('publishing and closing', () => {
  const publish = (id: string, as = client) => call('POST', `/v1/jobs/${id}/publication`, { as })
  const close = (id: string, as = client) => call('DELETE', `/v1/jobs/${id}/publication`, { as })

  test('a draft opens once', async () => {
    const { id } = await draft()
    const first = await publish(id)
    expect(first.json()).toMatchObject({ status: 'open', version: 2 })
    expect(first.json().publishedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect((await publish(id)).json()).toMatchObject({ status: 409, code: 'JOB_ALREADY_OPEN' })
  })

  test('an open job closes for good', async () => {
    const { id } = await opened()
    expect((await close(id)).json()).toMatchObject({ status: 'closed' })
    expect((await close(id)).json()).toMatchObject({ status: 409, code: 'JOB_CLOSED' })
    expect((await publish(id)).json()).toMatchObject({ status: 409, code: 'JOB_CLOSED' })
  })

  test('a draft can’t be closed', async () => {
    expect((await close((await draft()).id)).json()).toMatchObject({ status: 409, code: 'JOB_NOT_OPEN' })
  })

  test('another client’s job is 404', async () => {
    const { id } = await draft()
    expect((await publish(id, rival)).statusCode).toBe(404)
    const { id: openId } = await opened()
    expect((await close(openId, rival)).statusCode).toBe(404)
  })
})

describe('deleting', () => {
  const remove = (id: string, as = client) => call('DELETE', `/v1/jobs/${id}`, { as })
  const restore = (id: string, as = client) => call('POST', `/v1/jobs/${id}/restoration`, { as })

  test('a deleted job is gone for everyone, and comes back as it was', async () => {
    const before = await opened()
    expect(await remove(before.id)).toMatchObject({ statusCode: 204, body: '' })
    expect((await call('GET', `/v1/jobs/${before.id}`, { as: client })).statusCode).toBe(404)
    expect((await remove(before.id)).statusCode).toBe(404)
    const { version, updatedAt, ...same } = before
    expect((await restore(before.id)).json()).toMatchObject(same)
    expect((await call('GET', `/v1/jobs/${before.id}`)).statusCode).toBe(200)
  })

  test('a job with a contract stays', async () => {
    const { id } = await opened()
    const application = await call('POST', `/v1/jobs/${id}/applications`, { as: worker, body: { coverLetter: 'Me!' } })
    await call('POST', `/v1/applications/${application.json().id}/acceptance`, { as: client })
    expect((await remove(id)).json()).toMatchObject({ status: 409, code: 'JOB_UNDER_CONTRACT' })
  })

  test('what is not deleted can’t be restored', async () => {
    expect((await restore((await draft()).id)).json()).toMatchObject({ status: 409, code: 'JOB_NOT_DELETED' })
    expect((await restore(nobody)).statusCode).toBe(404)
  })

  test('another client’s job is 404', async () => {
    const { id } = await draft()
    expect((await remove(id, rival)).statusCode).toBe(404)
    await remove(id)
    expect((await restore(id, rival)).statusCode).toBe(404)
  })
})
