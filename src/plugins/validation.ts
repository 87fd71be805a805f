// Stops input that no schema allows. Bodies are taken as they are: no coercion, no unknown member. URL parts and headers are text
// by nature, so numbers and defaults are read out of them. Every fault is named at once, so that a caller mends all in one go.
// It has no backing store. To remove it, delete its line in app.ts: Fastify's own validator then coerces bodies.
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fp from 'fastify-plugin'

const common = { allErrors: true, strictTypes: false }

export const validation = fp(
  async (app) => {
    const strict = withFormats(new Ajv(common))
    const fromText = withFormats(new Ajv({ ...common, coerceTypes: true, useDefaults: true }))
    app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? strict : fromText).compile(schema))
  },
  { name: 'validation' },
)

function withFormats(ajv: Ajv): Ajv {
  addFormats.default(ajv)
  // Names for a reader of the document; the bounds of each schema are what is checked.
  for (const name of ['int32', 'int64', 'password']) ajv.addFormat(name, true)
  return ajv
}
