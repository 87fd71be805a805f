// Stops callers from routes that are not for them, by the access that each route declares. Decides from the token alone, so no
// backing store can fail; what belongs to whom is the services' matter.
// To remove it, delete its line in app.ts: services then meet requests without an actor and fail.
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../lib/errors.ts'
import type { SecurityLog } from '../lib/security-log.ts'

const unauthorised = (code: string, detail: string, challenge: string) =>
  new AppError(401, code, detail, { headers: { 'www-authenticate': challenge } })

const tokenMissing = () =>
  unauthorised('TOKEN_MISSING', 'Sign in, and send the access token as Authorization: Bearer', 'Bearer')
const tokenInvalid = () =>
  unauthorised('TOKEN_INVALID', 'The access token is not valid, or has expired', 'Bearer error="invalid_token"')
const roleRefused = (allowed: string) => new AppError(403, 'ROLE_REFUSED', `This is for ${allowed} only`)

type Options = { security: SecurityLog }

export const authorise = fp<Options>(
  async (app, { security }) => {
    app.addHook('onRequest', async (request) => {
      if (!request.is404) check(request, security)
    })
  },
  { name: 'authorise', dependencies: ['identify', 'controls'] },
)

function check(request: FastifyRequest, security: SecurityLog) {
  const { credentials, viewer } = request
  const { access } = request.routeOptions.config
  if (access === 'public') return
  if (credentials === 'bad') {
    security('token.refused', request.seen)
    throw tokenInvalid()
  }
  if (access === 'optional') return
  if (!viewer) throw tokenMissing()
  if (access !== 'user' && !access?.includes(viewer.role)) {
    security('access.refused', viewer)
    throw roleRefused(access?.join(' and ') ?? 'no one')
  }
}
