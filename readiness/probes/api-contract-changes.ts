// What breaks clients, one change of each kind, and how the check has to name it.
type Schema = {
  type?: string
  maxLength?: number
  maximum?: number
  enum?: string[]
  required: string[]
  properties: Record<string, Schema>
}
type Parameter = { name: string; schema: Schema }
type Operation = {
  parameters: Parameter[]
  security: object[]
  responses: Record<string, { headers: Record<string, object> }>
}
export type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}
type Breaking = { what: string; key: string; change(document: Document): void }

function schema({ components }: Document, name: string): Schema {
  const found = components.schemas[name]
  if (!found) throw new Error(`The document has no schema ${name}`)
  return found
}

function member(document: Document, name: string, property: string): Schema {
  const found = schema(document, name).properties[property]
  if (!found) throw new Error(`${name} has no ${property}`)
  return found
}

function operation({ paths }: Document, method: string, path: string): Operation {
  const found = paths[path]?.[method]
  if (!found) throw new Error(`The document has no ${method} ${path}`)
  return found
}

const without = <T>(list: T[], one: T) => list.filter((entry) => entry !== one)

export const breakingChanges: readonly Breaking[] = [
  {
    what: 'a route is gone',
    key: 'path-removed /v1/slugs/{slug}',
    change: ({ paths }) => delete paths['/v1/slugs/{slug}'],
  },
  {
    what: 'an operation is gone',
    key: 'operation-removed /v1/me/delete',
    change: ({ paths }) => delete paths['/v1/me']?.delete,
  },
  {
    what: 'an answer loses a field',
    key: 'property-removed #/components/schemas/User/properties/name',
    change: (document) => {
      delete schema(document, 'User').properties.name
      schema(document, 'User').required = without(schema(document, 'User').required, 'name')
    },
  },
  {
    what: 'a field of an answer may be missing',
    key: 'required-properties-removed #/components/schemas/Job/required',
    change: (document) => {
      schema(document, 'Job').required = without(schema(document, 'Job').required, 'slug')
    },
  },
  {
    what: 'a field of an answer has another type',
    key: 'schema-type-changed #/components/schemas/Job/properties/version',
    change: (document) => {
      schema(document, 'Job').properties.version = { ...member(document, 'Job', 'version'), type: 'string' }
    },
  },
  {
    what: 'an answer has a word more',
    key: 'enum-values-added #/components/schemas/Job/properties/status',
    change: (document) => member(document, 'Job', 'status').enum?.push('paused'),
  },
  {
    what: 'a request needs a field more',
    key: 'required-properties-added #/components/schemas/NewApplication/required',
    change: (document) => {
      schema(document, 'NewApplication').properties.rate = { type: 'integer', required: [], properties: {} }
      schema(document, 'NewApplication').required.push('rate')
    },
  },
  {
    what: 'a request takes a word less',
    key: 'enum-values-removed #/components/schemas/NewJob/properties/category',
    change: (document) => member(document, 'NewJob', 'category').enum?.pop(),
  },
  {
    what: 'a text of a request must be shorter',
    key: 'schema-constraint-changed #/components/schemas/NewJob/properties/title/maxLength',
    change: (document) => {
      member(document, 'NewJob', 'title').maxLength = 50
    },
  },
  {
    what: 'a list takes a smaller limit',
    key: 'schema-constraint-changed /v1/jobs/get/parameters/',
    change: (document) => {
      const limit = operation(document, 'get', '/v1/jobs').parameters.find(({ name }) => name === 'limit')
      if (limit) limit.schema.maximum = 50
    },
  },
  {
    what: 'a success has another status',
    key: 'response-removed /v1/jobs/post/responses/200',
    change: (document) => {
      const { responses } = operation(document, 'post', '/v1/jobs')
      responses['200'] = responses['201'] ?? { headers: {} }
      delete responses['201']
    },
  },
]
