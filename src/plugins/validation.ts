// Stops input that no schema allows. Bodies are taken as they are: no coercion, no unknown member. URL parts and headers are text
// by nature, so numbers and defaults are read out of them. Every fault is named at once, so that a caller mends all in one go.
// A route of the document that declares no query, or no body, takes none, so that nothing that is sent is passed over in silence.
// It has no backing store. To remove it, delete its line in app.ts: Fastify's own validator then coerces bodies.

import type { IncomingHttpHeaders } from 'node:http'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../lib/errors.ts'
import { NoBody, NoQuery } from '../lib/schemas.ts'

const bodyUnexpected = () =>
  new AppError(400, 'BODY_UNEXPECTED', 'This is read without a body: put what you ask for in the URL')

const common = { allErrors: true, strictTypes: false }

export const validation = fp(
  async (app) => {
    const strict = withFormats(new Ajv(common))
    const fromText = withFormats(new Ajv({ ...common, coerceTypes: true, useDefaults: true }))
    // Text would reach a handler as it is, and a form of another site can send it.
    app.removeContentTypeParser('text/plain')
    app.addHook('onRoute', (route) => {
      if (!route.schema?.hide) route.schema = { ...nothingElse(route), ...route.schema }
    })
    // Fastify takes no schema for these, and does not read them.
    app.addHook('onRequest', async ({ method, headers, is404 }) => {
      if (bodiless(method) && hasBody(headers) && !is404) throw bodyUnexpected()
    })
    app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? strict : fromText).compile(schema))
  },
  { name: 'validation' },
)

const bodiless = (method: string) => method === 'GET' || method === 'HEAD'
const hasBody = (headers: IncomingHttpHeaders) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0

const nothingElse = ({ method }: RouteOptions) => ({
  querystring: NoQuery,
  ...(![method].flat().some(bodiless) && { body: NoBody }),
})

function withFormats(ajv: Ajv): Ajv {
  addFormats.default(ajv)
  // Names for a reader of the document; the bounds of each schema are what is checked.
  for (const name of ['int32', 'int64', 'password']) ajv.addFormat(name, true)
  return ajv
}
