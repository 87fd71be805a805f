import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildTestApp, type Person } from '../../test/app.ts'
import { newJob } from '../../test/builders.ts'

const { app, call, signUp, lines } = await buildTestApp({
  env: { BODY_LIMIT_BYTES: '4096', REQUEST_TIMEOUT_MS: '1000' },
})
let client: Person
let port: number
beforeAll(async () => {
  client = await signUp('client')
  port = Number(new URL(await app.listen({ port: 0 })).port)
})

const post = (payload: string, contentType = 'application/json') =>
  call('POST', '/v1/jobs', { as: client, body: payload, headers: { 'content-type': contentType } })

describe('bad input', () => {
  test.each([
    ['a body that is not JSON', '{"title":', 400, 'BODY_NOT_JSON'],
    ['an empty body', '', 400, 'BODY_EMPTY'],
    ['a body that reaches for the prototype', '{"__proto__":{"admin":true}}', 400, 'BODY_NOT_JSON'],
    ['a body that is a list', '[]', 400, 'INPUT_INVALID'],
    ['a body that is null', 'null', 400, 'INPUT_INVALID'],
    ['a body over the limit', JSON.stringify({ title: 'x'.repeat(5000) }), 413, 'BODY_TOO_LARGE'],
    ['an over-long title', JSON.stringify(newJob({ title: 'x'.repeat(161) })), 400, 'INPUT_INVALID'],
    ['an endless number', JSON.stringify(newJob()).replace('420000', '1e999'), 400, 'INPUT_INVALID'],
    ['a number past the bound', JSON.stringify(newJob()).replace('420000', '1000000000001'), 400, 'INPUT_INVALID'],
    ['a fraction of a cent', JSON.stringify(newJob()).replace('420000', '0.5'), 400, 'INPUT_INVALID'],
    ['a number as text', JSON.stringify(newJob()).replace('420000', '"420000"'), 400, 'INPUT_INVALID'],
  ])('%s', async (_, payload, status, code) => {
    const answer = await post(payload)
    expect(answer.json()).toMatchObject({ status, code })
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })

  test('a body of another kind is 415', async () => {
    expect((await post('title=x', 'application/x-www-form-urlencoded')).json()).toMatchObject({
      status: 415,
      code: 'MEDIA_TYPE_UNSUPPORTED',
    })
  })

  test.each([
    ['an id that is none', '/v1/jobs/42', 400, 'INPUT_INVALID'],
    ['an id with a null character', '/v1/jobs/%00', 400, 'INPUT_INVALID'],
    ['a slug with a null character', '/v1/slugs/abc%00', 400, 'INPUT_INVALID'],
    ['words with a null character', '/v1/jobs?q=%00', 400, 'INPUT_INVALID'],
    ['a path that can’t be decoded', '/v1/jobs/%zz', 400, 'URL_MALFORMED'],
    ['a route that is none', '/v1/nothing', 404, 'ROUTE_NOT_FOUND'],
    ['an endless URL', `/v1/jobs?q=${'x'.repeat(3000)}`, 414, 'URL_TOO_LONG'],
    ['an endless path', `/v1/slugs/${'x'.repeat(3000)}`, 414, 'URL_TOO_LONG'],
  ])('%s', async (_, url, status, code) => {
    const answer = await call('GET', url)
    expect(answer.json()).toMatchObject({ status, code })
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })

  test('every fault of a body is named at once', async () => {
    const answer = await post(JSON.stringify({ title: 'x', 'a/b~c': 1 }))
    const paths = answer
      .json()
      .errors.map(({ path }: { path: string }) => path)
      .sort()
    expect(paths).toEqual(['/body/a~1b~0c', '/body/budget', '/body/category', '/body/description', '/body/title'])
  })
})

describe('errors of ours', () => {
  const broken = {
    jobs: () => ({ jobs: { get: async () => Promise.reject(new Error('secret: postgres://u:p@h/d')) } as never }),
  }

  test('are 500 without their cause, which the log has under the same id', async () => {
    const faulty = await buildTestApp({ services: broken.jobs })
    const answer = await faulty.call('GET', '/v1/jobs/0199f2c4-7d1a-7c3e-9b60-2f1f6f0c8a11')
    expect(answer.json()).toMatchObject({ status: 500, code: 'INTERNAL' })
    expect(answer.body).not.toContain('secret')
    const line = faulty.lines.find(({ msg }) => msg === 'request failed')
    expect(line).toMatchObject({
      level: 'error',
      requestId: answer.json().requestId,
      err: { message: expect.stringContaining('secret') },
    })
  })
})

describe('what is not HTTP enough to be a request', () => {
  async function send(bytes: string): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    socket.write(bytes)
    return text(socket)
  }

  test.each([
    ['nonsense', 'NONSENSE\r\n\r\n', 400, 'REQUEST_MALFORMED'],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X-Long: y\r\n'.repeat(2000)}\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
  ])('%s is a problem all the same', async (_, bytes, status, code) => {
    const answer = await send(bytes)
    const [head, body = ''] = answer.split('\r\n\r\n')
    expect(head).toContain(`HTTP/1.1 ${status}`)
    expect(head).toContain('application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ status, code, requestId: expect.any(String) })
  })

  test('a body that does not arrive in time is cut off', async () => {
    const answer = await send(
      'POST /v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    )
    expect(answer).toContain('HTTP/1.1 408')
  })
})

test('an answered request leaves one line, without its query', async () => {
  lines.length = 0
  await call('GET', '/v1/jobs?q=somebody', { headers: { 'x-request-id': 'my-own-id-1' } })
  expect(lines).toEqual([
    expect.objectContaining({
      msg: 'request answered',
      requestId: 'my-own-id-1',
      path: '/v1/jobs',
      operation: 'listJobs',
      status: 200,
    }),
  ])
  expect(JSON.stringify(lines)).not.toContain('somebody')
})
