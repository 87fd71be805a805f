// Turns every error into an answer of RFC 9457, in one place, and lets nothing internal out: what is not an AppError or a refusal
// of the framework is a 500 whose cause only the log knows, under the same request id.
// It has no backing store. To remove it, delete its line in app.ts: Fastify then sends messages of errors as they are.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError, type FieldError } from '../lib/errors.ts'
import { securityFieldsOfAll } from './security-fields.ts'

export const problems = fp(
  async (app) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => answer(error, request, reply))
    app.setNotFoundHandler((request, reply) => answer(routeNotFound(request), request, reply))
    // Node would answer an expectation that it does not know by a bare 417; RFC 9110, section 10.1.1, lets us pass over it.
    app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  },
  { name: 'problems' },
)

// Not worth a line of its own: a service that has too much to do must not spend its time on telling so.
const foreseen = new Set(['NOT_READY', 'OVERLOADED', 'READ_ONLY', 'PASSWORDS_BUSY'])

/** Answers an error; also those that Fastify meets before it has a route, when no hook has run, such as a URL that can't be decoded. */
export function answer(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const refusal = asRefusal(error, request.routeOptions?.bodyLimit)
  if (refusal.status >= 500 && !foreseen.has(refusal.code))
    request.log.error(
      { err: error, code: refusal.code, operation: operationOf(request), userId: request.viewer?.id },
      'request failed',
    )
  return reply
    .code(refusal.status)
    .headers({ ...securityFieldsOfAll, 'x-request-id': request.id, ...refusal.headers })
    .type('application/problem+json')
    .send(problem(refusal, request.url.slice(0, 2000), request.id))
}

function problem({ status, code, message, errors }: AppError, instance: string, requestId: string) {
  const type = `urn:problem-type:seaworthy:${code.toLowerCase().replaceAll('_', '-')}`
  return {
    type,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    instance,
    code,
    requestId,
    ...(errors && { errors }),
  }
}

const routeNotFound = ({ method, url }: FastifyRequest) =>
  Object.assign(
    new AppError(404, 'ROUTE_NOT_FOUND', `There is no ${method} ${url.split('?', 1)[0]?.slice(0, 500)}: see /docs`),
    { statusCode: 404 },
  )

// The framework's own refusals, by its codes.
const framework: Record<string, [status: number, code: string, detail: string]> = {
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'BODY_NOT_JSON', 'The body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'BODY_EMPTY', 'The body is empty: send JSON, or no Content-Type'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'CONTENT_LENGTH_WRONG', 'The body is not as long as Content-Length says'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'MEDIA_TYPE_UNSUPPORTED', 'Send the body as application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'BODY_TOO_LARGE', 'The body is larger than this service takes'],
  FST_ERR_BAD_URL: [400, 'URL_MALFORMED', 'The path of the URL is not validly percent-encoded'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'URL_TOO_LONG', 'A part of the path is longer than any of ours'],
}

function asRefusal(error: FastifyError, bodyLimit?: number): AppError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AppError) return cause
  }
  if (error.validation) {
    return new AppError(400, 'INPUT_INVALID', 'Some of the input is not as it should be: see errors', {
      errors: fieldErrors(error),
    })
  }
  const [status, code, detail] = framework[error.code] ?? []
  if (status && code)
    return new AppError(
      status,
      code,
      status === 413 && bodyLimit ? `${detail}: at most ${bodyLimit} bytes` : `${detail}`,
    )
  if (error.statusCode === 400)
    return new AppError(400, 'BODY_NOT_JSON', 'The body is not JSON that this service takes')
  return new AppError(500, 'INTERNAL', 'Something went wrong on our side. Quote the requestId when you report it')
}

function fieldErrors({ validation = [], validationContext }: FastifyError): FieldError[] {
  return validation.slice(0, 50).map(({ instancePath, keyword, params, message }) => {
    const extra = keyword === 'additionalProperties' ? pointer(params.additionalProperty) : ''
    const missing = keyword === 'required' ? pointer(params.missingProperty) : ''
    const part = validationContext === 'querystring' ? 'query' : validationContext
    const path = `/${part}${instancePath}${extra}${missing}`.slice(0, 300)
    if (extra) return { path, message: 'is not a known member' }
    if (missing) return { path, message: 'is missing' }
    if (keyword === 'enum')
      return { path, message: `must be one of ${(params.allowedValues as unknown[]).join(', ')}`.slice(0, 300) }
    if (keyword === 'pattern') return { path, message: patternMessage(String(params.pattern)) }
    return { path, message: (message ?? 'is not valid').slice(0, 300) }
  })
}

/** A member's name as a part of a JSON Pointer (RFC 6901, section 3). */
const pointer = (name: unknown) => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`

const patternMessage = (pattern: string) =>
  pattern === '^[^\\u0000]*$' ? 'must not contain a null character' : `must match ${pattern}`.slice(0, 300)

const clientErrors: Record<string, [status: number, code: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE', 'URL and headers together are larger than this service takes'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TOO_SLOW', 'The request did not arrive in time'],
}

/** Answers what is not HTTP enough to become a request; Node hands over the bare socket. */
export function answerClientError({ code = '' }: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, name, detail] = clientErrors[code] ?? [400, 'REQUEST_MALFORMED', 'This is not a valid HTTP request']
  const body = JSON.stringify(problem(new AppError(status, name, detail), '', requestId))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(securityFieldsOfAll).map(([field, value]) => `${field}: ${value}`),
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const operationOf = ({ routeOptions }: FastifyRequest) => routeOptions.schema?.operationId ?? 'none'
