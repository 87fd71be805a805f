import { type Control, control, removed, source, sources } from '../control.ts'
import { breakingChangesAreDeclared } from '../probes/api-contract.ts'
import { deprecationsAreTold } from '../probes/api-versions.ts'

const plugin = 'src/plugins/deprecated.ts'

export const apiContract: Control[] = [
  control({
    id: 'API-09',
    level: 'must',
    holds:
      'Every operation lives under /v1 but those of the system, and one that goes says since when, until when and what replaces it, in each answer and in the document.',
    because: 'Whoever learns that a route is gone by its 404 learns it in production, and from their own customers.',
    code: [plugin, 'src/plugins/health.ts', 'src/app.ts'],
    runbook: 'docs/runbooks/api.md#a-route-has-to-go',
    needs: ['api'],
    probe: ({ api }) => deprecationsAreTold((path) => api.anonymous('GET', path), api.anonymous),
    look: ({ get }) => deprecationsAreTold(get),
    sabotages: [
      removed('src/app.ts', '  await app.register(deprecated)', { red: 'not-marked' }),
      source('Deprecation is dropped', plugin, '    deprecation: `@${from.getTime() / 1000}`,\n', '', {
        red: 'no-deprecation',
      }),
      source('Sunset is dropped', plugin, '    sunset: end.toUTCString(),\n', '', { red: 'no-sunset' }),
      source('Deprecation is no date', plugin, '`@${from.getTime() / 1000}`', "'true'", { red: 'no-deprecation' }),
      source(
        'what replaces it is not there',
        'src/plugins/health.ts',
        "successor: '/health/live'",
        "successor: '/live'",
        {
          red: 'successor-leads-nowhere',
        },
      ),
      sources(
        'a write that goes says nothing',
        [
          {
            file: 'src/modules/identity/sessions.routes.ts',
            find: "config: { access: 'user', limit: 'write', writes: 'always' },",
            replace: `config: {
        access: 'user', limit: 'write', writes: 'always',
        deprecated: { since: '2026-01-01T00:00:00Z', until: '2999-01-01T00:00:00Z', successor: '/v1/auth/refresh' },
      },`,
          },
          {
            file: plugin,
            find: 'async ({ routeOptions }, reply, payload) => {\n      if (',
            replace: "async ({ routeOptions, method }, reply, payload) => {\n      if (method === 'GET' && ",
          },
        ],
        { red: 'no-deprecation' },
      ),
      source('a route has no version', 'src/app.ts', "prefix: '/v1/slugs'", "prefix: '/slugs'", { red: 'outside-v1' }),
    ],
  }),

  control({
    id: 'API-10',
    level: 'should',
    holds:
      'What breaks clients of the last release fails the check, by name, unless docs/api-changes.md declares it with a reason.',
    because:
      'A field that is taken out of an answer breaks no test of the service, only the clients that read it, and nobody decided that.',
    code: ['tools/contract.ts', 'releases/openapi.json', 'docs/api-changes.md'],
    runbook: 'docs/runbooks/api.md#a-change-breaks-clients',
    plane: 'file',
    needs: [],
    own: {},
    probe: breakingChangesAreDeclared,
    sabotages: [
      source(
        'an answer loses a field',
        'src/modules/jobs/jobs.schemas.ts',
        '    clientId: Client,\n    slug: Slug,\n',
        '    clientId: Client,\n',
        {
          red: 'breaking-change-undeclared',
        },
      ),
      source(
        'a request needs a field more',
        'src/modules/jobs/jobs.schemas.ts',
        '    slug: Type.Optional(Slug),\n',
        '    slug: Slug,\n',
        { red: 'breaking-change-undeclared' },
      ),
      source(
        'the rules are those of a single document',
        'releases/redocly.yaml',
        '[diff-recommended]',
        '[recommended]',
        {
          red: 'contract-check-fails',
        },
      ),
      source(
        'the document is compared with itself',
        'tools/contract.ts',
        "'diff', released, revision,",
        "'diff', revision.includes('seaworthy-contract-') ? released : revision, revision,",
        { red: 'breaking-change-passes' },
      ),
      removed('tools/check.ts', "  ['API contract', 'node tools/contract.ts'],", { red: 'not-part-of-the-check' }),
    ],
  }),
]
