import { randomUUID } from 'node:crypto'
import { type Control, config, control, removed, source } from '../control.ts'
import { longAnswersAreCompressed } from '../probes/api-compression.ts'
import { openReadsAreConditional, readsAndChangesAreConditional } from '../probes/api-conditional.ts'
import { documentTellsTheTruth, seeDocumentAndPage } from '../probes/api-document.ts'
import { everyErrorIsAProblem, isProblem } from '../probes/api-problems.ts'

/** What a deployment would set. Its queue and mail servers are not there: nothing here needs them. */
const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://seaworthy.example',
  REDIS_URL: `redis://:${randomUUID()}@127.0.0.1:1`,
  SMTP_URL: `smtp://login:${randomUUID()}@127.0.0.1:1`,
  PAYMENTS_URL: 'https://payments.example',
}

export const apiAnswers: Control[] = [
  control({
    id: 'API-01',
    level: 'must',
    holds:
      'The served OpenAPI 3.1 document comes from the schemas that validate, names every operation and its refusals, lints clean, and has a page for people that needs no other host.',
    because:
      'A document that is kept by hand drifts: clients are generated from it, and the first to notice a limit or a route that differs is a customer in production.',
    code: ['src/plugins/openapi.ts', 'src/plugins/controls.ts', 'src/lib/schemas.ts', 'redocly.yaml', '.spectral.yaml'],
    runbook: 'docs/runbooks/api.md#the-openapi-document-is-wrong',
    needs: ['api'],
    // A linter refuses servers without TLS.
    own: { PUBLIC_URL: 'https://seaworthy.example' },
    probe: documentTellsTheTruth,
    look: ({ get }) => seeDocumentAndPage(get),
    sabotages: [
      removed('src/app.ts', '  await app.register(openapi, { publicUrl: config.publicUrl, version })', {
        red: 'document-not-served',
      }),
      removed('src/app.ts', '  await app.register(created)', { red: 'status-not-documented' }),
      removed('src/app.ts', '  await app.register(versions)', { red: 'field-not-sent' }),
      source(
        'a route is hidden',
        'src/modules/jobs/jobs.routes.ts',
        "operationId: 'getSlug',",
        "operationId: 'getSlug', hide: true,",
        {
          red: 'operation-not-documented',
        },
      ),
      source('a refusal is left out', 'src/plugins/controls.ts', "...(config.access === 'public' ? [] : [401]),", '', {
        red: 'answer-not-documented',
      }),
      source(
        'the document has limits of its own',
        'src/plugins/openapi.ts',
        '? complete(document.openapiObject) : {})',
        '? JSON.parse(JSON.stringify(complete(document.openapiObject)).replaceAll(\'"maxLength":160\', \'"maxLength":200\')) : {})',
        { red: 'validation-stricter-than-document' },
      ),
      source(
        'an operation is not described',
        'src/modules/contracts/contracts.routes.ts',
        "        description: 'For its two parties, support and admins; for everyone else it is not there.',\n",
        '',
        { red: 'lint-fault' },
      ),
    ],
  }),
  control({
    id: 'API-02',
    level: 'must',
    holds:
      'Every error is RFC 9457 problem+json with type, title, status, detail, instance and request id, and lets nothing internal out in production.',
    because:
      'Clients that meet three shapes of error handle none of them; a stack or an SQL message in an answer tells an attacker which library and which table to try next.',
    code: ['src/plugins/problems.ts', 'src/lib/errors.ts', 'src/db/failures.ts'],
    runbook: 'docs/runbooks/api.md#an-answer-is-not-a-problem-document',
    needs: ['api'],
    // The probe cuts the database off and renames a column.
    own: production,
    probe: everyErrorIsAProblem,
    async look({ get }) {
      const path = `/v1/${randomUUID()}`
      const { type, detail } = isProblem(await get(path), 404, path)
      return { type: String(type), detail: String(detail) }
    },
    sabotages: [
      removed('src/app.ts', '  await app.register(problems)', { red: 'not-a-problem' }),
      source(
        'the stack is told',
        'src/plugins/problems.ts',
        "'Something went wrong on our side. Quote the requestId when you report it'",
        'String(error.stack)',
        { red: 'leaks-internals' },
      ),
      source(
        'the body has no request id',
        'src/plugins/problems.ts',
        '    requestId,\n    ...(errors',
        '    ...(errors',
        {
          red: 'request-id-differs',
        },
      ),
      removed('src/app.ts', '    frameworkErrors: answer,', { red: 'not-a-problem' }),
      removed(
        'src/app.ts',
        '    clientErrorHandler: (error, socket) => answerClientError(error, socket, requestIdOf({ headers: {} })),',
        { red: 'not-a-problem' },
      ),
    ],
  }),

  control({
    id: 'API-06',
    level: 'must',
    holds:
      'Answers of more than 1 KiB are compressed by br, zstd or gzip for callers that take it, say what they depend on, and have entity tags of their own; answers with tokens never are.',
    because:
      'A page of a list costs a phone seconds and us the traffic ten times over; and a compressed token beside what an attacker sent can be guessed by length (BREACH).',
    code: ['src/plugins/compress.ts', 'src/lib/etag.ts'],
    runbook: 'docs/runbooks/edge.md#long-answers-are-not-compressed',
    needs: ['api'],
    probe: longAnswersAreCompressed,
    sabotages: [
      removed('src/app.ts', '  await app.register(compress, { from: config.edge.compressFrom })', {
        red: 'not-compressed',
      }),
      config('only from a megabyte on', { COMPRESS_FROM_BYTES: '1048576' }, { red: 'not-compressed' }),
      source('only one coding is offered', 'src/plugins/compress.ts', '[...codings]', "['gzip']", {
        red: 'not-compressed',
      }),
      source('short answers too', 'src/plugins/compress.ts', 'threshold: from,', 'threshold: 1,', {
        red: 'short-answer-compressed',
      }),
      source(
        'caches are not told',
        'src/plugins/compress.ts',
        "  reply.header('vary', variedBy(reply.getHeader('vary'), 'accept-encoding'))\n",
        '',
        { red: 'not-varied' },
      ),
      source(
        'all codings share a strong tag',
        'src/plugins/compress.ts',
        "if (typeof coding === 'string')",
        "if (typeof coding === 'number')",
        { red: 'tags-alike' },
      ),
      source('own tags are not known', 'src/lib/etag.ts', '(?:br|zstd|gzip)"', '(?:none)"', {
        red: 'own-tag-not-known',
      }),
      source('tokens are compressed', 'src/plugins/compress.ts', "limit === 'auth'", "limit === 'payment'", {
        red: 'token-compressed',
      }),
    ],
  }),
  control({
    id: 'API-07',
    level: 'should',
    holds:
      'Every read has an entity tag and answers 304 without a body to whoever names it, weak or in a list; a change without the version is 428, with another 412, and of two at once one.',
    because:
      'Clients that poll fetch the same list all day; and two people who edit one job overwrite each other without knowing.',
    code: ['src/plugins/conditional.ts', 'src/plugins/versions.ts', 'src/lib/etag.ts'],
    runbook: 'docs/runbooks/edge.md#answers-come-whole-every-time',
    needs: ['api'],
    probe: readsAndChangesAreConditional,
    look: openReadsAreConditional,
    sabotages: [
      removed('src/app.ts', '  await app.register(conditional)', { red: 'sent-again' }),
      source(
        'a tag says nothing of what was answered',
        'src/lib/etag.ts',
        "hash('sha256', payload, 'base64')",
        "hash('sha256', payload.slice(0, 1), 'base64')",
        { red: 'old-tag-taken' },
      ),
      source('If-Match is ignored', 'src/lib/etag.ts', '.some((tag) => tag', '.some((tag) => true || tag', {
        red: 'other-version-taken',
      }),
      source(
        'without If-Match the last one wins',
        'src/plugins/versions.ts',
        'if (given === undefined) throw versionRequired()',
        "if (given === undefined) return '*'",
        { red: 'changed-unseen' },
      ),
      source(
        'readers may keep an answer without asking',
        'src/plugins/conditional.ts',
        "'private, no-cache'",
        "'private, max-age=60'",
        { red: 'kept-unasked' },
      ),
      source(
        'callers share an answer',
        'src/plugins/conditional.ts',
        "reply.header('vary', variedBy(variedBy(reply.getHeader('vary'), 'Authorization'), 'Cookie'))",
        'return',
        { red: 'answer-shared-by-callers' },
      ),
    ],
  }),
]
